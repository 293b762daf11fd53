"""Mosaic: every block becomes its mean colour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from proface.looks.look import number_look
from proface.types import Pixels

LEAST_BLOCK = 4
UNDER_BLOCK = 24  # of the mosaic below what other looks show; in pixels of a 256 px region


def mosaic(pixels: Pixels, block: float) -> Pixels:
    """Mean colour of every square block (side in pixels, rounded, LEAST_BLOCK or more).

    Blocks count from the upper left corner; narrower ones at the right and lower edge are averaged
    by themselves.
    """
    side = max(LEAST_BLOCK, round(block))
    sums = pixels.astype(np.uint32)
    counts: list[NDArray[np.intp]] = []
    for axis in (0, 1):
        starts = np.arange(0, pixels.shape[axis], side)
        sums = np.add.reduceat(sums, starts, axis=axis, dtype=np.uint32)
        counts.append(np.diff(starts, append=pixels.shape[axis]))
    area = np.outer(counts[0], counts[1])[..., None]
    means = ((sums + area // 2) // area).astype(np.uint8)  # rows x columns x 3, rounded
    return np.repeat(np.repeat(means, counts[0], axis=0), counts[1], axis=1)


LOOK = number_look(
    name="pixelate",
    summary="Mosaic of square blocks",
    meaning="side of a block in pixels of a 256 px region",
    default="32",
    low=2,
    high=128,
    leaks="A program that pixelates the photos it compares with alike names every second person.",
    apply=mosaic,
)
