"""The user's own sticker: reads a PNG and composites it over a face."""

from __future__ import annotations

import io
import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from proface.errors import UsageError
from proface.looks.shapes import Floats, Frame, to_uint8
from proface.types import Pixels

MAX_PIXELS = 16_000_000
AT_MOST = 1.25  # times the size at which a sticker fits inside the frame


@lru_cache(maxsize=4)
def read_png(data: bytes) -> NDArray[np.uint8]:
    """The visible part of a PNG: uint8 H x W x 4, RGBA.

    Raises:
        UsageError: not a PNG, damaged, too large, or transparent everywhere.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if image.width * image.height > MAX_PIXELS:
                raise UsageError(f"the sticker has more than {MAX_PIXELS // 10**6} megapixels")
            picture = image.convert("RGBA")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise UsageError("the sticker is not a PNG that can be read") from None
    visible = picture.getchannel("A").getbbox()
    if visible is None:
        raise UsageError("the sticker is transparent everywhere")
    return np.asarray(picture.crop(visible))


def draw_png(pixels: Pixels, frame: Frame, sticker: NDArray[np.uint8]) -> None:
    """Composites the sticker over the frame, in place: rotated with it, aspect ratio kept.

    It is scaled to cover the frame, but to at most 1.25 times the size that fits inside: a wide,
    flat picture such as glasses would otherwise hide far more than the face.
    """
    import cv2

    height, width = sticker.shape[:2]
    fits, covers = sorted((2 * frame.a / width, 2 * frame.b / height))
    scale = min(covers, AT_MOST * fits)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    # Premultiplied alpha: interpolated edges then get no dark or bright fringes.
    source: Floats = sticker.astype(np.float32)
    source[..., :3] *= source[..., 3:] / 255
    # Resized before the affine warp, which would alias when shrinking and blur when enlarging.
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    source = np.asarray(cv2.resize(source, size, interpolation=how))
    cos, sin = math.cos(frame.angle), math.sin(frame.angle)
    turn = np.array([[cos, -sin], [sin, cos]])
    # Pixel centres lie at integers in OpenCV's warp, and at half-integers in the frame.
    shift = np.array([frame.x, frame.y]) - 0.5 - turn @ (np.array(size) - 1) / 2
    matrix = np.column_stack([turn, shift])
    shape = (pixels.shape[1], pixels.shape[0])
    warped = np.asarray(cv2.warpAffine(source, matrix, shape, flags=cv2.INTER_LINEAR))
    pixels[:] = to_uint8(warped[..., :3] + pixels * (1 - warped[..., 3:] / 255))
