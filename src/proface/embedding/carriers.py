"""The carriers of a layer in a region: how many bits each has, and its coefficients."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from proface.embedding.block_transform import Floats, from_bands, to_bands
from proface.embedding.layer_tables import LayerTable

NO_POINT = 255  # of a place that carries nothing


def carried_bits(table: LayerTable, height: int, width: int) -> npt.NDArray[np.int64]:
    """Bits of each carrier: (merged) blocks of a region; what is left at its edges is unused."""
    sides = [table.merge_of(int(plane)) * (8 if plane == 0 else 16) for plane in table.place[:, 0]]
    return np.array([(height // side) * (width // side) for side in sides])


def merged_band(bands: Floats, merge: int, down: int, across: int) -> Floats:
    """The merged band: merge x merge x blocks down x blocks across."""
    band = bands[down, across]
    height, width = (side // merge * merge for side in band.shape)
    return to_bands(np.ascontiguousarray(band[:height, :width]), merge)


def carriers_by_band(table: LayerTable) -> dict[tuple[int, int, int], list[int]]:
    """The carriers of each band of each plane."""
    groups: dict[tuple[int, int, int], list[int]] = {}
    for carrier, place in enumerate(table.place):
        groups.setdefault((int(place[0]), int(place[1]), int(place[2])), []).append(carrier)
    return groups


def carried_coefficients(bands: list[Floats], table: LayerTable) -> list[Floats]:
    """Of each carrier: its coefficients in all blocks."""
    found: list[Floats] = [np.empty(0, np.float32)] * len(table.place)
    for (plane, down, across), carriers in carriers_by_band(table).items():
        merged = merged_band(bands[plane], table.merge_of(plane), down, across)
        for c in carriers:
            found[c] = merged[table.place[c, 3], table.place[c, 4]].ravel()
    return found


def move_carriers(
    bands: list[Floats],
    changes: list[Floats],
    table: LayerTable,
    counts: npt.NDArray[np.int64],
    points: npt.NDArray[np.uint8],
    period: Floats | np.float32,
) -> None:
    """Add to `changes` what takes each carrier of `bands` near to its closest lattice point.

    Args:
        counts: `carried_bits` of the region.
        points: of all blocks of one carrier, then the next's: in steps, modulo the period, the
            points that its value may lie at; `NO_POINT`: the value stays.
        period: in steps, of each or of all.
    """
    ends = np.cumsum(counts)
    every = np.broadcast_to(period, points.shape)
    for (plane, down, across), carriers in carriers_by_band(table).items():
        merged = merged_band(bands[plane], table.merge_of(plane), down, across)
        change = np.zeros_like(merged)
        for c in carriers:
            before = merged[table.place[c, 3], table.place[c, 4]]
            own = slice(ends[c] - counts[c], ends[c])
            point, turn = (one[own].reshape(before.shape) for one in (points, every))
            shift, turn = (point + table.offset[c]) * table.step[c], turn * table.step[c]
            nearest = turn * np.rint((before - shift) / turn) + shift
            slack = table.slack[c] * table.step[c]
            after = np.clip(before, nearest - slack, nearest + slack)
            moved = np.where(point == NO_POINT, 0, after - before)
            change[table.place[c, 3], table.place[c, 4]] = moved
        back = from_bands(change)
        changes[plane][down, across, : back.shape[0], : back.shape[1]] += back
