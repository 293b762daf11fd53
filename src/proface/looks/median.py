"""Median blur: flat patches with sharp edges, like a poster.

The paper's kernel is 23, under which nearly half of all people are still recognised; the default
here is a larger one.
"""

from __future__ import annotations

from proface.looks.look import filter_shrunk, number_look
from proface.types import Pixels

LEAST_KERNEL = 5
LARGEST_KERNEL = 255


def _median(pixels: Pixels, kernel: float) -> Pixels:
    """cv2.medianBlur, which replicates the region's border: no pixel around it is read."""
    import cv2

    # OpenCV counts a kernel's pixels in 16 bits: beyond 255 x 255 the region is shrunk first.
    shrink = max(1.0, kernel / LARGEST_KERNEL)
    side = max(LEAST_KERNEL, 2 * round((kernel / shrink - 1) / 2) + 1)
    return filter_shrunk(
        pixels, shrink, lambda small: cv2.medianBlur(small, min(side, LARGEST_KERNEL))
    )


LOOK = number_look(
    name="median",
    summary="Median blur: flat patches with sharp edges",
    meaning="kernel in pixels of a 256 px region, odd",
    default="61",
    low=3,
    high=99,
    odd=True,
    leaks="A program that treats the photos it compares with alike names nearly everybody.",
    apply=_median,
)
