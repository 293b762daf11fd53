"""Where coefficients lie between lattice points: maps that show base layers of scaled pictures.

The evidence of a merged block is how much likelier its coefficients are near lattice points, as
measured after a scaling, than anywhere. Unlike `evidence` it is not biased: positive in regions,
negative elsewhere, even where only the sum over a whole region stands out.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from proface.embedding.finder.evidence import combined
from proface.embedding.finder.grid import hide
from proface.embedding.layer_tables import BINS, LayerTable

Floats = npt.NDArray[np.float32]

PHASES = 20  # places between two lattice points that are told apart
FAR = 2 * PHASES + 1  # where the places of values beyond 1 begin
MOST_PHASES = 1600 * PHASES  # coefficients are less than half as many steps
LOUDEST = 10.0  # nats of one block: beyond, one block would outvote its neighbours
PROFILES = 2  # kinds of changes, the nearest to a picture's scale, that may have happened to it
WINDOW = 13  # merged blocks of an area that shows what happened: regions have about 20 at least
# On a flat look, scaling and JPEG draw lattice points together: what was at 1 comes at 0.65 or so.
# A coefficient's evidence, in nats, by tenths of a step up to 1: against texture, where any place
# is as likely, and against a smooth surface, where all are about 0; LARGE is of larger ones there.
FLAT = (0.92, 0.36, -0.52, -1.0, -0.62, -0.05, 0.27, 0.07, -0.5, -1.0)
SURFACE = (-0.76, -0.35, -0.7, -0.85, -0.2, 0.58, 1.15, 1.28, 1.2, 1.1)
LARGE = 2.0
WIPED = -0.5  # nats of a block that shows nothing but a smooth surface


@dataclass(frozen=True)
class PhaseMap:
    """The evidence of merged blocks that start at a block of 8, down and across.

    Attributes:
        cells: nats, rows x columns.
        values: carriers x rows x columns: coefficients in steps of the lattice, less its offset.
    """

    merge: int
    start: tuple[int, int]
    cells: Floats
    values: Floats

    def hide(self, box: tuple[int, int, int, int]) -> None:
        """Takes a region, in blocks of 8, out of the map."""
        hide(self.cells, box, self.start, self.merge, -LOUDEST)

    @functools.cached_property
    def soft(self) -> Floats:
        """Each carrier's bit in each block, from -1, a sure 1, to 1, a sure 0."""
        return np.asarray(np.cos(np.float32(np.pi) * self.values), np.float32)


def phase_map(bands: Floats, table: LayerTable, start: tuple[int, int], scale: float) -> PhaseMap:
    """The map of a base layer's table.

    Args:
        bands: luma coefficients on the grid of 8, the three lowest, at the original's scale.
        table: of the base layer.
        start: the first block of 8, down and across, that is part of a merged block.
        scale: of the picture as it came, 0 to 1.
    """
    merge = table.merge
    profiles, ratios = _ratios(table, scale)
    high, wide = ((bands.shape[2 + axis] - start[axis]) // merge for axis in (0, 1))
    values = np.empty((len(table.step), max(high, 0), max(wide, 0)), np.float32)
    if not values.size:
        return PhaseMap(merge, start, np.empty(values.shape[1:], np.float32), values)
    lines: dict[tuple[int, int, int], Floats] = {}
    ratios = np.ascontiguousarray(ratios.transpose(2, 0, 1))
    total = np.zeros((len(ratios), high * wide), np.float32)
    buffer, place_of = np.empty(high * wide, np.float32), _place_of_phase()
    for c, (_, down, across, below, beside) in enumerate(table.place.tolist()):
        if (down, across, below) not in lines:
            band = bands[down, across, start[0] :, start[1] :][: high * merge, : wide * merge]
            lines[down, across, below] = combined(band, merge, below)
        step, offset = float(table.step[c]), float(table.offset[c])
        merged = combined(lines[down, across, below].T, merge, beside).T
        np.subtract(merged / step, offset, out=values[c])
        np.rint(values[c].ravel() * np.float32(PHASES), out=buffer)
        # Where indices beyond the table wrap to matters little: no coefficients are that large.
        place = place_of.take(buffer.astype(np.intp), mode="wrap")
        for n, ratio in enumerate(ratios):
            total[n] += ratio[c].take(place, out=buffer, mode="clip")
    by_kind = total.reshape(-1, high, wide)
    maps = by_kind[:profiles]
    if len(by_kind) > profiles:
        # As likely flat as not; and parts of a region may have lost all that was on a flat look.
        maps = np.logaddexp(maps, by_kind[profiles:-1]) - np.float32(np.log(2))
        np.minimum(maps, np.maximum(by_kind[-1], WIPED), out=maps)
    np.clip(maps, -LOUDEST, LOUDEST, out=maps)
    return PhaseMap(merge, start, _clearest(maps), values)


@functools.cache
def _place_of_phase() -> npt.NDArray[np.intp]:
    """The place of each number of PHASES; negative ones count from the end."""
    phase = np.arange(MOST_PHASES)
    place = phase % PHASES + FAR
    place[: PHASES + 1] = phase[: PHASES + 1] + PHASES
    place[-PHASES:] = phase[:PHASES]
    return place


def _clearest(maps: Floats) -> Floats:
    """The map with the most evidence in any window: all regions went through the same."""
    most = [float(cv2.blur(one, (WINDOW, WINDOW)).max()) for one in maps]
    return np.ascontiguousarray(maps[int(np.argmax(most))])


def _ratios(table: LayerTable, scale: float) -> tuple[int, Floats]:
    """How many profiles there are, and carriers x places x (profiles, the same flat, surface).

    Places are 1/PHASES of a step from -1 to 1, then all others by their distance to a point.
    """
    ways = _scalings(table)
    far = {way: abs(np.log(float(way[1:].split()[0]) / scale)) for way in ways}
    chosen = tuple(sorted(sorted(ways, key=lambda way: far[way])[:PROFILES]))
    return len(chosen), _evidence(table, chosen)


def _scalings(table: LayerTable) -> dict[str, list[int]]:
    """The states of each scaling: "x.5 jpeg80" and so on."""
    ways: dict[str, list[int]] = {}
    for n, state in enumerate(table.states):
        match = re.match(r"x(\.\d+) jpeg\d+", state)
        if match:
            ways.setdefault(match[0], []).append(n)
    return ways


@functools.lru_cache(maxsize=32)
def _evidence(table: LayerTable, chosen: tuple[str, ...]) -> Floats:
    ways = _scalings(table)
    profiles = np.stack([_profile(table, ways[way]) for way in chosen], axis=-1)
    near = np.arange(-PHASES, PHASES + 1)
    whole = np.concatenate([profiles[:, near % PHASES], profiles], axis=1)
    if not table.offset.any():
        places = np.asarray(near / PHASES, np.float32)
        whole = np.concatenate([whole, *_on_zero(table, whole, places)], axis=2)
    return np.asarray(whole, np.float32)


def _on_zero(table: LayerTable, whole: Floats, near: Floats) -> tuple[Floats, Floats]:
    """Evidence against texture and against a surface of a lattice that has a point at zero.

    Of one whose points mostly are half a step off, no surface's coefficients lie near points.
    """
    tenths = np.arange(len(FLAT)) / 10 + 0.05
    flat, surface = whole.copy(), np.full((*whole.shape[:2], 1), LARGE, np.float32)
    flat[:, : len(near)] = np.interp(np.abs(near), tenths, FLAT)[:, None]
    surface[:, : len(near), 0] = np.interp(np.abs(near), tenths, SURFACE)
    mean = ~table.place[:, 1:].any(axis=1)  # tells nothing of that
    flat[mean], surface[mean] = whole[mean], 0
    return flat, surface


def _profile(table: LayerTable, states: list[int]) -> Floats:
    """Carriers x PHASES, of some states: ln of how much likelier a place is than on average."""
    half = BINS // 2  # the lattice has a point of either parity in each half of its period
    often = np.exp(table.density[:, states]).mean(axis=1)
    folded = (often[:, :half] + often[:, half:]) / 2 * BINS
    at = np.arange(PHASES) * half / PHASES
    rows = [np.interp(at, np.arange(half + 1), np.append(row, row[0])) for row in folded]
    return np.asarray(np.log(np.array(rows) + 1e-3), np.float32)
