"""Face detection from 8 px to thousands of pixels: YuNet and CenterFace, fused."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from proface.errors import UsageError
from proface.faces.fusion import fuse
from proface.faces.passes import passes
from proface.faces.regions import clipped
from proface.types import Box, Face

POSSIBLE = 0.35  # least score of a possible face


def detect(pixels: NDArray[np.uint8], *, threshold: float = 0.5) -> list[Face]:
    """Detect faces, sorted from top to bottom, then from left to right.

    What is found at a higher threshold is found at a lower one too, with the same score.

    Args:
        pixels: uint8 H x W x 3, RGB, upright.
        threshold: least score of a face, 0 < threshold < 1. A lower one finds more faces, and
            more false positives.

    Returns:
        Faces with tight boxes inside the photo, scores, and five landmarks, which may lie outside
        the photo where it cuts off the face.

    Raises:
        UsageError: `threshold` or the array is not as described.
        ModelError: a network's file is missing or altered. Without CenterFace, which is not in
            every installation, YuNet works alone.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise UsageError(
            f"detect needs uint8 pixels, H x W x 3; this is {pixels.dtype} {pixels.shape}"
        )
    if not 0 < threshold < 1:
        raise UsageError(f"threshold {threshold}: give a number between 0 and 1, such as 0.5")
    pixels = np.ascontiguousarray(pixels)
    found = fuse(passes(pixels), pixels)
    faces = (_face(row, pixels.shape) for row in found if row[14] >= threshold)
    return sorted((f for f in faces if f is not None), key=lambda f: (f.box.y, f.box.x, f.box))


def _face(row: NDArray[np.float64], shape: tuple[int, ...]) -> Face | None:
    """A detection as a face whose box has whole pixels inside the photo; None if outside."""
    x, y, w, h = (float(value) for value in row[:4])
    left, top = math.floor(x), math.floor(y)
    box = Box(left, top, math.ceil(x + w) - left, math.ceil(y + h) - top)
    inside = clipped(box, (shape[1], shape[0]))
    marks = tuple((float(a), float(b)) for a, b in row[4:14].reshape(5, 2))
    return None if inside is None else Face(inside, float(row[14]), marks)
