"""Contrast of a box: patches that detectors take for faces have less than faces do.

Half of the faces have two thirds of their photo's contrast or more, half of the false alarms less
than half (docs/DETECTION.md). It is compared with the photo's, so that a hazy or a dark photo loses
nothing, and of the brightness alone, so that a grey one does not either.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from proface.faces.resize import shrunk
from proface.types import Pixels

USUAL = 0.6  # of the photo's contrast; a box with as much is not judged by it
WEIGHT = 2.0  # of the logarithm of what is missing
MOST = 1.5  # what a box can lose, so that no sure face is lost

_PHOTO_PIXELS = 100_000  # to which a photo is shrunk
_BOX_SIDE = 8  # pixels, to which a box is resized
_NOISE = 2.0  # levels that are no contrast


def by_contrast(pixels: Pixels, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """What to add to the logits of the boxes' scores: n, from `-MOST` to 0.

    Args:
        pixels: uint8 H x W x 3, the photo.
        boxes: n x 4 or more; x, y, w, h in pixels, of which a part may lie outside.
    """
    factor = math.sqrt(pixels.shape[0] * pixels.shape[1] / _PHOTO_PIXELS)
    photo = _brightness(shrunk(pixels, factor)).std() + _NOISE
    own = np.array([_box_contrast(pixels, box) for box in boxes]) + _NOISE
    missing = np.minimum(0, np.log(own / photo / USUAL))
    return np.asarray(np.maximum(WEIGHT * missing, -MOST))


def _box_contrast(pixels: Pixels, box: NDArray[np.float64]) -> float:
    import cv2

    height, width = pixels.shape[:2]
    x, y, w, h = (float(value) for value in box[:4])
    left, top = (min(max(math.floor(low), 0), side - 1) for low, side in ((x, width), (y, height)))
    part = pixels[top : max(top + 1, math.ceil(y + h)), left : max(left + 1, math.ceil(x + w))]
    size = (_BOX_SIDE, _BOX_SIDE)
    small = cv2.resize(np.ascontiguousarray(part), size, interpolation=cv2.INTER_AREA)
    return float(_brightness(np.asarray(small, np.uint8)).std())


def _brightness(pixels: Pixels) -> NDArray[np.uint8]:
    import cv2

    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
