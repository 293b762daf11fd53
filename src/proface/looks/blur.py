"""Gaussian blur."""

from __future__ import annotations

from proface.looks.look import filter_shrunk, number_look, scale_of
from proface.types import Pixels

RADIUS = 30  # the paper's kernel of 61 at 256 px, whatever sigma is
LEAST_SIGMA = 2.0
WIDE_SIGMA = 30.0  # from twice this on, the blur is computed on a smaller copy


def _blur(pixels: Pixels, sigma: float) -> Pixels:
    """cv2.GaussianBlur with kernel 61 at 256 px, or twice sigma each way where that is more.

    The border mirrors the region itself (101-reflection): no pixel around it is read.
    """
    import cv2

    sigma = max(LEAST_SIGMA, sigma)
    radius = max(RADIUS * scale_of(pixels), 2 * sigma)
    # A wide blur removes all detail that a smaller copy lacks, and takes seconds at full size.
    shrink = max(1, int(sigma / WIDE_SIGMA))
    side = 2 * round(radius / shrink) + 1
    return filter_shrunk(
        pixels, shrink, lambda small: cv2.GaussianBlur(small, (side, side), sigma / shrink), least=2
    )


LOOK = number_look(
    name="blur",
    summary="Gaussian blur",
    meaning="sigma in pixels of a 256 px region",
    default="25",
    low=1,
    high=100,
    whole=False,
    leaks="A program that blurs the photos it compares with alike names nearly everybody.",
    apply=_blur,
)
