"""Downscaling by area averaging."""

from __future__ import annotations

import numpy as np

from proface.types import Pixels


def shrunk(pixels: Pixels, factor: float, *, least: int = 1) -> Pixels:
    """The picture at 1/factor of its size if that is smaller; sides are `least` px or more."""
    import cv2

    pixels = np.ascontiguousarray(pixels)
    if factor <= 1:
        return pixels
    height, width = (max(least, round(side / factor)) for side in pixels.shape[:2])
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA))
