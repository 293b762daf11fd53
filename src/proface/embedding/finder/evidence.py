"""How much each block looks like a protected one: maps of log-likelihood ratios.

A coefficient's size, in steps of the lattice, falls into one of PLACES; a script counted
how often, in protected regions and in ordinary pictures after the usual journeys, and grouped the
counts into a few hypotheses of both kinds. The evidence of a block is the best protected hypothesis
less the best ordinary one, each summed over the layer's carriers.
"""

from __future__ import annotations

import functools
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from proface.embedding.block_transform import SIDE, basis, to_bands
from proface.embedding.layer_tables import LayerTable, Tables
from proface.errors import ModelError

Floats = npt.NDArray[np.float32]
Shorts = npt.NDArray[np.int16]
PARTS = 12  # places in one step of the lattice
NEAR = 3 * PARTS  # places up to here are told apart; others by their distance to an even point
PLACES = NEAR + 1 + PARTS + 1
FAR = 8192  # parts: larger coefficients count as this large
ALIKE = 5
UNIT = 16.0  # of the stored integers, in one nat
DETAILS = ("detail1", "detail2", "shaped")  # the layers on JPEG's own grid
TOGETHER = 1024  # blocks whose sums are in the processor's cache together


@dataclass(frozen=True)
class Evidence:
    """One layer's hypotheses.

    Attributes:
        table: the layer's carriers.
        protected: carriers x PLACES x hypotheses, UNIT times ln of how often a coefficient comes
            there. ALIKE neighbouring hypotheses are of the same journeys, and differ in texture.
        ordinary: the same in pictures without protected regions.
    """

    table: LayerTable
    protected: Shorts
    ordinary: Shorts


@dataclass(frozen=True)
class Scan:
    """What the search for the grid's offset uses of one kind of detail layer.

    Attributes:
        table: of the layer "detail2" or "shaped".
        carriers: some of its carriers, in the same bands for both.
        ratios: for each kind of change, carriers x 256: the evidence of a size in parts.
    """

    table: LayerTable
    carriers: tuple[int, ...]
    ratios: tuple[Floats, Floats]


@dataclass(frozen=True)
class FinderTables:
    """All that was measured for the finder.

    Attributes:
        layers: the hypotheses of each layer, by its table: `DETAILS`, "base1", "base2" ...
        scans: for the grid's offset.
    """

    layers: Mapping[str, Evidence]
    scans: tuple[Scan, Scan]


def parse_finder_tables(data: bytes, tables: Tables) -> FinderTables:
    """Read the finder's file of a model.

    tables: the lattices of the same model, with that of its shaped layer as "shaped".

    Raises:
        ModelError: it is no such file.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            layers = {
                name: Evidence(
                    table,
                    -stored[f"{name}/protected"].astype(np.int16),
                    -stored[f"{name}/ordinary"].astype(np.int16),
                )
                for name, table in tables.items()
            }
            scans = (
                _scan(stored, tables, "scan", "detail2"),
                _scan(stored, tables, "shaped", "shaped"),
            )
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError("The robust model's finder file is damaged. Reinstall proface.") from error
    return FinderTables(layers, scans)


def _scan(stored: np.lib.npyio.NpzFile, tables: Tables, prefix: str, name: str) -> Scan:
    carriers = tuple(int(c) for c in stored[f"{prefix}/carriers"])
    aligned, shifted = (_by_size(stored[f"{prefix}/{way}"]) for way in ("aligned", "shifted"))
    return Scan(tables[name], carriers, (aligned, shifted))


def _by_size(by_place: npt.NDArray[np.int8]) -> Floats:
    """Evidence of places -> of sizes in parts, 0 to 255; the last stands for larger ones too."""
    ratio = by_place.astype(np.float32)[:, place_of_size()[:256]] / UNIT
    ratio[:, 255] = 0
    return np.ascontiguousarray(ratio, np.float32)


@functools.cache
def place_of_size() -> npt.NDArray[np.uint8]:
    """The place of each size in parts, 0 to FAR."""
    size = np.arange(FAR + 1)
    turn = size % (2 * PARTS)
    return np.where(size <= NEAR, size, NEAR + 1 + np.minimum(turn, 2 * PARTS - turn)).astype(
        np.uint8
    )


def places(values: Floats, step: float) -> npt.NDArray[np.uint8]:
    """Into which of PLACES coefficients fall."""
    size = np.minimum(np.abs(values) * (PARTS / step) + 0.5, FAR)
    return np.asarray(place_of_size()[size.astype(np.int16)])


def block_evidence(bands: Floats, evidence: Evidence, start: tuple[int, int] = (0, 0)) -> Floats:
    """The evidence of each (merged) block, in nats: a map for each group of journeys.

    Args:
        bands: luma coefficients on the grid of 8; the base layer needs three bands alone.
        evidence: the layer's hypotheses.
        start: the first block of 8, down and across, that is part of a merged block.
    """
    table, merge = evidence.table, evidence.table.merge
    high, wide = ((bands.shape[2 + axis] - start[axis]) // merge for axis in (0, 1))
    both = np.concatenate([evidence.protected, evidence.ordinary], axis=2)
    if high < 1 or wide < 1:
        return np.zeros((1, max(high, 0), max(wide, 0)), np.float32)
    at = np.empty((len(both), high * wide), np.uint8)
    merged: dict[tuple[int, int], Floats] = {}
    for c, (_, down, across, below, beside) in enumerate(table.place.tolist()):
        if (down, across) not in merged:
            band = bands[down, across, start[0] :, start[1] :][: high * merge, : wide * merge]
            merged = {(down, across): to_bands(np.ascontiguousarray(band), merge)}
        at[c] = places(merged[down, across][below, beside].ravel(), float(table.step[c]))
    kinds = evidence.protected.shape[2]
    groups = np.empty((kinds // ALIKE, high * wide), np.float32)
    for first in range(0, high * wide, TOGETHER):
        part = at[:, first : first + TOGETHER]
        total, buffer = np.zeros((2, part.shape[1], both.shape[2]), np.int16)
        for c in range(len(both)):
            total += both[c].take(part[c], axis=0, out=buffer, mode="clip")
        by_kind = np.ascontiguousarray(total.T)
        most = by_kind[:kinds].reshape(-1, ALIKE, part.shape[1]).max(axis=1)
        groups[:, first : first + TOGETHER] = (most - by_kind[kinds:].max(axis=0)) / UNIT
    return groups.reshape(-1, high, wide)


def detail_evidence(bands: Floats, tables: FinderTables) -> Floats:
    """`block_evidence` of the detail layers that show most: a map for each group of journeys."""
    maps = [block_evidence(bands, tables.layers[name]) for name in DETAILS]
    return np.asarray(np.max(maps, axis=0), np.float32)


def clearest(maps: Floats, window: int, loudest: float) -> Floats:
    """The map, clipped, with the most evidence in any window: all regions made the same journey."""
    best, chosen = -np.inf, maps[0]
    for map_ in maps:
        clipped = np.clip(map_, -loudest, loudest)
        most = float(cv2.blur(clipped, (window, window)).max()) if map_.size else 0.0
        if most > best:
            best, chosen = most, clipped
    return np.asarray(chosen, np.float32)


def low_bands(luma: Floats, size: int = SIDE) -> Floats:
    """The bands (0,0), (0,1), (1,0) of blocks of 8, as 2 x 2 x rows x columns ((1,1) is left 0).

    size: of the blocks, if not 8.
    """
    high, wide = (side // size for side in luma.shape)
    part = luma[: high * size, : wide * size]
    result = np.zeros((2, 2, high, wide), np.float32)
    for down in (0, 1):
        rows = combined(part, size, down).T
        for across in (0, 1)[: 2 - down]:
            result[down, across] = combined(rows, size, across).T
    return result


def combined(rows: Floats, size: int, frequency: int) -> Floats:
    """One frequency of the DCT over each `size` rows: for few frequencies faster than matrices."""
    weights = basis(size)[frequency]
    total = weights[0] * rows[::size]
    for n in range(1, size):
        total += weights[n] * rows[n::size]
    return np.asarray(total, np.float32)
