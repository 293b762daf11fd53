"""Measure that a look covers what it must, before anything is written.

A look covers faces one by one, from boxes and landmarks that may be wrong. What counts is the
result: where the original has detail (edges, features), the look must not show the same pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from proface.errors import CheckFailedError
from proface.faces.regions import clipped
from proface.looks import Look
from proface.types import Box, Face, Pixels

SAME = 4  # levels: pixels no further from the original show the same
MOST_VISIBLE = 0.5  # of the pixels with detail
LEAST_DETAIL = 0.01  # of a box's pixels; with less there is nothing to see
SMOOTH = 0.05  # standard deviation by the box's side: what a blur of this width removes is detail


def visible_part(original: Pixels, shown: Pixels) -> float:
    """The part of the original's detail that a look shows as it is, 0..1.

    Args:
        original, shown: the same H x W x 3.
    """
    detail = _differs(original, _smooth(original, max(1.0, SMOOTH * min(original.shape[:2]))))
    if detail.mean() < LEAST_DETAIL:
        return 0.0
    return float(1 - _differs(original, shown)[detail].mean())


def check_covered(original: Pixels, shown: Pixels, faces: Sequence[Face], look: Look) -> None:
    """Check that the look of a region leaves no face visible.

    Args:
        original, shown: the region, H x W x 3, without and with the look.
        faces: what must be covered, in coordinates of the region.
        look: for the message.

    Raises:
        CheckFailedError: a face is shown as it is over most of its box.
    """
    height, width = original.shape[:2]
    for face in faces:
        box = clipped(face.box, (width, height)) or Box(0, 0, width, height)
        part = visible_part(original[box.slices], shown[box.slices])
        if part > MOST_VISIBLE:
            raise CheckFailedError(
                f"the look {look} would leave {part:.0%} of a face of {box.w} x {box.h} pixels as "
                "it is. Nothing was written. Choose a stronger look, such as pixelate."
            )


def _smooth(pixels: Pixels, sigma: float) -> Pixels:
    """Blur by two boxes, whose time does not grow with sigma as a Gaussian's does."""
    side = round(sigma * math.sqrt(6)) | 1
    return np.asarray(cv2.blur(cv2.blur(pixels, (side, side)), (side, side)), np.uint8)


def _differs(a: Pixels, b: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Where any channel differs by more than SAME levels: H x W."""
    same = cv2.inRange(cv2.absdiff(a, b), np.zeros(3), np.full(3, float(SAME)))
    return np.asarray(same == 0)
