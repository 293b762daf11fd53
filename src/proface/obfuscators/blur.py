"""Gaussian blur."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from proface.geometry import Face
from proface.obfuscators.look import Look, LookKind, Pixels, parse_number, scale_of

RADIUS = 30  # the paper's kernel of 61 at 256 px, whatever sigma is
LEAST_SIGMA = 2.0
WIDE_SIGMA = 30.0  # from twice this on, the blur is computed on a smaller copy


def _parse(text: str) -> Look:
    return Look("blur", parse_number("blur", text, 1, 100, whole=False))


def _apply(pixels: Pixels, look: Look, faces: Sequence[Face]) -> Pixels:
    """cv2.GaussianBlur with kernel 61 at 256 px, or twice sigma each way where that is more.

    The border mirrors the region itself (101-reflection): nothing around it leaks in.
    """
    import cv2

    scale = scale_of(pixels)
    sigma = max(LEAST_SIGMA, float(look.strength) * scale)
    radius = max(RADIUS * scale, 2 * sigma)
    # A wide blur leaves no detail that a smaller copy would lack, and takes seconds at full size.
    shrink = max(1, int(sigma / WIDE_SIGMA))
    small = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    if shrink > 1:
        size = (max(2, round(width / shrink)), max(2, round(height / shrink)))
        small = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA))
    side = 2 * round(radius / shrink) + 1
    out = cv2.GaussianBlur(small, (side, side), sigma / shrink)
    if shrink > 1:
        out = cv2.resize(out, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(out)


LOOK = LookKind(
    name="blur",
    summary="Gaussian blur",
    meaning="sigma in pixels of a 256 px region",
    default="25",
    range="1 to 100",
    leaks="A program that blurs the photos it compares with alike names nearly everybody.",
    parse=_parse,
    apply=_apply,
)
