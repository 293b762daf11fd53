"""Which offset of the grid of 8 shows protected blocks in a picture that was cropped.

First a few carriers' coefficients at every pixel, as filters: each offset's window that stands out
most. Then the full evidence, there alone.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from proface.embedding.block_transform import SIDE, basis, to_bands
from proface.embedding.finder.evidence import PARTS, FinderTables, detail_evidence

Floats = npt.NDArray[np.float32]
Offset = tuple[int, int]

WINDOWS = (7, 13, 29)  # blocks of areas that may tell the offset
FIRST = 10  # offsets of each kind of journey that the filters leave ...
LOUD = 4  # ... and those with most evidence anywhere: a region may leave little around it
LOUDEST = 10.0  # nats of one block
OTHERS = ((3, 4), (4, 3), (2, 5), (5, 3))  # offsets to compare with, relative


def likely_offsets(luma: Floats, tables: FinderTables, most: int) -> list[Offset]:
    """At most so many offsets of the grid of 8, down and across, other than 0: likeliest first."""
    found: dict[Offset, float] = {}
    for scores in _filtered(luma, tables):
        clearest = sorted(scores, reverse=True)[:FIRST]
        loudest = sorted(scores, key=lambda one: -one[1])[:LOUD]
        for _, _, offset, area in (*clearest, *loudest):
            if offset != (0, 0):
                found[offset] = max(found.get(offset, -np.inf), _gain(luma, tables, offset, area))
    return sorted(found, key=lambda offset: -found[offset])[:most]


def _filtered(
    luma: Floats, tables: FinderTables
) -> list[list[tuple[float, float, Offset, tuple[int, int, int]]]]:
    """Of each offset how much it stands out, its evidence, and where: block down, across, blocks.

    Once for regions that came on the grid of the last JPEG (or none), once for others.
    """
    high, wide = (side // SIDE - 1 for side in luma.shape)
    both = [[np.zeros(luma.shape, np.float32) for _ in scan.ratios] for scan in tables.scans]
    first = tables.scans[0]
    for k, c in enumerate(first.carriers):  # the other scan's are in the same bands
        down, across = (int(f) for f in first.table.place[c, 1:3])
        rows, columns = basis(SIDE)[across], basis(SIDE)[down]
        filtered = cv2.sepFilter2D(luma, cv2.CV_32F, rows, columns, anchor=(0, 0))
        for scan, totals in zip(tables.scans, both, strict=True):
            step = float(scan.table.step[scan.carriers[k]])
            size = cv2.convertScaleAbs(filtered, alpha=PARTS / step)
            for total, ratio in zip(totals, scan.ratios, strict=True):
                cv2.add(total, cv2.LUT(size, ratio[k]), dst=total)
    totals = [np.maximum(plain, shaped, out=plain) for plain, shaped in zip(*both, strict=True)]
    del both
    result = []
    for total in totals:
        part = total[: high * SIDE, : wide * SIDE].reshape(high, SIDE, wide, SIDE)
        each = np.ascontiguousarray(part.transpose(1, 3, 0, 2)).reshape(SIDE * SIDE, high, wide)
        each -= each.mean(axis=0)  # so that texture, which is alike in all offsets, does not count
        scores = []
        for n, one in enumerate(each):
            areas = [_standing_out(one, window) for window in WINDOWS if min(high, wide) >= window]
            if areas:
                for score, loud, area in {max(areas), max(areas, key=lambda one: one[1])}:
                    scores.append((score, loud, divmod(n, SIDE), area))
        result.append(scores)
    return result


def _standing_out(map_: Floats, window: int) -> tuple[float, float, tuple[int, int, int]]:
    """The largest mean of a window: relative to the lower part of all, and in itself.

    The lower part is where no regions are, unless a region takes most of the picture.
    """
    smooth = cv2.blur(map_, (window, window))
    low, usual = np.percentile(smooth[::3, ::3], (10, 40))
    down, across = divmod(int(smooth.argmax()), smooth.shape[1])
    most = float(smooth[down, across])
    score = float((most - usual) / (usual - low + 1e-3))
    return score, most * window, (down, across, window)


def _gain(luma: Floats, tables: FinderTables, offset: Offset, area: tuple[int, int, int]) -> float:
    """How much more evidence an area shows at this offset than at others."""
    others = [((offset[0] + down) % SIDE, (offset[1] + across) % SIDE) for down, across in OTHERS]
    usual = np.mean([_evidence(luma, tables, other, area) for other in others])
    return float((_evidence(luma, tables, offset, area) - usual) * np.sqrt(area[2]))


def _evidence(
    luma: Floats, tables: FinderTables, offset: Offset, area: tuple[int, int, int]
) -> float:
    """The mean evidence in an area of the grid at an offset."""
    reach = area[2] // 2
    spans = []
    for axis in (0, 1):
        first = max(0, area[axis] - reach)
        last = min((luma.shape[axis] - offset[axis]) // SIDE, area[axis] + reach + 1)
        spans.append(slice(offset[axis] + first * SIDE, offset[axis] + last * SIDE))
    bands = to_bands(np.ascontiguousarray(luma[spans[0], spans[1]]))
    maps = detail_evidence(bands, tables)
    best = np.clip(maps, -LOUDEST, LOUDEST).mean(axis=(1, 2))
    return float(best.max())
