"""The carriers of a layer in a region: how many bits each has, and its coefficients."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from proface.embedding.block_transform import Floats, to_bands
from proface.embedding.layer_tables import LayerTable


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
