"""Windows around the faces in a frame, and whose pixel is whose: arrays and boxes, no files.

Each face has a *window* in each frame, around its region, with even edges. Where windows overlap,
a pixel belongs to the face whose centre is nearer, in windows' sizes: what is sealed for a face
holds the pixels that belong to it and, elsewhere, what everybody sees.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from proface.media.video.planes import I420, split
from proface.types import Box

Mask = NDArray[np.bool_]


def owned(windows: Mapping[int, Box], n: int) -> Mask | None:
    """The pixels of window n that belong to it, at half size (H/2 x W/2); None if all do.

    windows: all windows of a frame by their track's number, with even sides.
    """
    mine = windows[n]
    others = [(m, box) for m, box in windows.items() if m != n and box.overlaps(mine)]
    if not others:
        return None
    rows = np.arange(mine.y + 1, mine.y + mine.h, 2, dtype=np.float64)[:, None]
    columns = np.arange(mine.x + 1, mine.x + mine.w, 2, dtype=np.float64)[None]
    distance = _distance(mine, rows, columns)
    mask = np.ones(distance.shape, bool)
    for m, box in others:
        theirs = _distance(box, rows, columns)
        inside = (rows > box.y) & (rows < box.y + box.h)
        inside = inside & (columns > box.x) & (columns < box.x + box.w)
        nearer = theirs < distance if m > n else theirs <= distance
        mask &= ~(inside & nearer)
    return mask


def to_seal(frame: I420, covered: I420, windows: Mapping[int, Box], n: int) -> I420:
    """The window of a face: its own pixels of the original, and others as they are covered."""
    box = windows[n]
    mask = owned(windows, n)
    if mask is None:
        return window(frame, box)
    part = window(covered, box)
    paste(part, window(frame, box), Box(0, 0, box.w, box.h), mask)
    return part


def window(frame: I420, box: Box) -> I420:
    """A copy of a window of a frame, box.h * 3/2 x box.w."""
    y, u, v = split(frame)
    half = Box(box.x // 2, box.y // 2, box.w // 2, box.h // 2)
    parts = (y[box.slices], u[half.slices], v[half.slices])
    return np.concatenate([part.ravel() for part in parts]).reshape(-1, box.w)


def paste(frame: I420, part: I420, box: Box, mask: Mask | None = None) -> None:
    """Put a window's pixels into a frame, in place; of those in the mask (H/2 x W/2) only."""
    half = Box(box.x // 2, box.y // 2, box.w // 2, box.h // 2)
    full = None if mask is None else mask.repeat(2, axis=0).repeat(2, axis=1)
    places = (box, half, half)
    for target, source, place, chosen in zip(
        split(frame), split(np.ascontiguousarray(part)), places, (full, mask, mask), strict=True
    ):
        area = target[place.slices]
        if chosen is None:
            area[...] = source
        else:
            area[chosen] = source[chosen]


def _distance(
    box: Box, rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float64]:
    """From a window's centre, where its edges are at 1."""
    down = np.abs(rows - (box.y + box.h / 2)) / (box.h / 2)
    across = np.abs(columns - (box.x + box.w / 2)) / (box.w / 2)
    return np.asarray(np.maximum(down, across))
