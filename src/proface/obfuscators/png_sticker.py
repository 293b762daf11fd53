"""The user's own sticker: reads a PNG and lays it over a face."""

from __future__ import annotations

import io
import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from proface.errors import UsageError
from proface.obfuscators.shapes import Floats, Frame

MAX_PIXELS = 16_000_000
AT_MOST = 1.25  # times the size at which a sticker fits inside the frame


@lru_cache(maxsize=4)
def read_png(data: bytes) -> NDArray[np.uint8]:
    """The visible part of a PNG: uint8 H x W x 4, RGBA.

    Raises:
        UsageError: no PNG, damaged, too large, or transparent everywhere.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if image.width * image.height > MAX_PIXELS:
                raise UsageError(f"the sticker has more than {MAX_PIXELS // 10**6} megapixels")
            picture = np.asarray(image.convert("RGBA"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise UsageError("the sticker is not a PNG that can be read") from None
    rows, columns = (np.flatnonzero(picture[..., 3].any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        raise UsageError("the sticker is transparent everywhere")
    return np.ascontiguousarray(picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def draw_png(pixels: NDArray[np.uint8], frame: Frame, sticker: NDArray[np.uint8]) -> None:
    """Lays the sticker over the frame, in place, turned with it and never stretched.

    It covers the frame, except where its proportions are far from it: then it is at most
    a quarter larger than what would fit inside, so that glasses do not become a wall.
    """
    import cv2

    height, width = sticker.shape[:2]
    fits, covers = sorted((2 * frame.a / width, 2 * frame.b / height))
    scale = min(covers, AT_MOST * fits)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    # Colours are weighted by alpha before they are mixed: no dark or bright seams.
    source: Floats = sticker.astype(np.float32)
    source[..., :3] *= source[..., 3:] / 255
    # To its final size first: warping alone skips pixels, and blurs the edges of few pixels.
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    source = np.asarray(cv2.resize(source, size, interpolation=how))
    cos, sin = math.cos(frame.angle), math.sin(frame.angle)
    turn = np.array([[cos, -sin], [sin, cos]])
    # Pixel centres lie at whole numbers here, and at halves in the frame.
    shift = np.array([frame.x, frame.y]) - 0.5 - turn @ (np.array(size) - 1) / 2
    matrix = np.column_stack([turn, shift])
    shape = (pixels.shape[1], pixels.shape[0])
    laid = np.asarray(cv2.warpAffine(source, matrix, shape, flags=cv2.INTER_LINEAR))
    mixed = laid[..., :3] + pixels * (1 - laid[..., 3:] / 255)
    pixels[:] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
