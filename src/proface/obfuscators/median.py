"""Median blur: flat patches with sharp edges, like a poster.

The paper's kernel is 23, under which nearly half of all people are still recognised; the default
here is a larger one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from proface.errors import UsageError
from proface.geometry import Face
from proface.obfuscators.look import Look, LookKind, Pixels, parse_number, scale_of

LEAST_KERNEL = 5
LARGEST_KERNEL = 255


def _parse(text: str) -> Look:
    kernel = parse_number("median", text, 3, 99, whole=True)
    if int(kernel) % 2 == 0:
        raise UsageError(f"look median:{text}: the kernel is odd, such as {int(kernel) + 1}")
    return Look("median", kernel)


def _apply(pixels: Pixels, look: Look, faces: Sequence[Face]) -> Pixels:
    """cv2.medianBlur, which repeats the region's border; nothing around it leaks in."""
    import cv2

    kernel = int(look.strength) * scale_of(pixels)
    # OpenCV counts a kernel's pixels in 16 bits: beyond 255 x 255 the region is shrunk first.
    shrink = max(1.0, kernel / LARGEST_KERNEL)
    small = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    if shrink > 1:
        size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
        small = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA))
    side = max(LEAST_KERNEL, 2 * round((kernel / shrink - 1) / 2) + 1)
    out = cv2.medianBlur(small, min(side, LARGEST_KERNEL))
    if shrink > 1:
        out = cv2.resize(out, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(out)


LOOK = LookKind(
    name="median",
    summary="Median blur: flat patches with sharp edges",
    meaning="kernel in pixels of a 256 px region, odd",
    default="61",
    range="3 to 99, odd",
    leaks="A program that treats the photos it compares with alike names nearly everybody.",
    parse=_parse,
    apply=_apply,
)
