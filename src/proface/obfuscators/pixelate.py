"""Mosaic: every block becomes its mean colour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from proface.geometry import Face
from proface.obfuscators.look import Look, LookKind, Pixels, parse_number, scale_of

LEAST_BLOCK = 4


def _parse(text: str) -> Look:
    return Look("pixelate", parse_number("pixelate", text, 2, 128, whole=True))


def _apply(pixels: Pixels, look: Look, faces: Sequence[Face]) -> Pixels:
    return mosaic(pixels, max(LEAST_BLOCK, round(float(look.strength) * scale_of(pixels))))


def mosaic(pixels: Pixels, block: int) -> Pixels:
    """Mean colour of every block x block pixels, counted from the upper left corner.

    What is left at the right and lower edge is averaged by itself.
    """
    sums = pixels.astype(np.uint32)
    counts: list[NDArray[np.intp]] = []
    for axis in (0, 1):
        starts = np.arange(0, pixels.shape[axis], block)
        sums = np.add.reduceat(sums, starts, axis=axis, dtype=np.uint32)
        counts.append(np.diff(starts, append=pixels.shape[axis]))
    area = np.outer(counts[0], counts[1])[..., None]
    means = ((sums + area // 2) // area).astype(np.uint8)  # rows x columns x 3, rounded
    return np.repeat(np.repeat(means, counts[0], axis=0), counts[1], axis=1)


LOOK = LookKind(
    name="pixelate",
    summary="Mosaic of square blocks",
    meaning="side of a block in pixels of a 256 px region",
    default="32",
    range="2 to 128",
    leaks="A program that pixelates the photos it compares with alike names some people.",
    parse=_parse,
    apply=_apply,
)
