"""Where a coarse picture's few bytes are spent: at its faces, since all else is smoothed before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageFilter

from proface.types import Box, Pixels

# Within an ellipse of so many times a face's box all is kept; REACH of that further out, nothing.
KEPT, REACH = 0.75, 0.5
SIGMA = 12 / 512  # of the smoothing, in sides of the picture


def focused(pixels: Pixels, faces: Sequence[Box]) -> Pixels:
    """A picture that is smooth away from its faces.

    At 700 bytes for 512 px, faces are 0.4 to 1.9 dB better for it, and the whole is 0.8 to 2.7 dB
    worse: a recogniser then knows 96 instead of 74 of 100 half-length portraits (docs/JOURNEY.md).

    Args:
        pixels: H x W x 3.
        faces: in its coordinates; they may lie partly outside. Without any, it stays as it is.
    """
    if not faces:
        return pixels
    height, width = pixels.shape[:2]
    y, x = np.ogrid[:height, :width]
    share = np.ones((height, width), np.float32)  # of the smooth picture
    for face in faces:
        across = (x + 0.5 - face.x - face.w / 2) / (KEPT * face.w)
        down = (y + 0.5 - face.y - face.h / 2) / (KEPT * face.h)
        share = np.minimum(share, (np.hypot(down, across) - 1) / REACH, dtype=np.float32)
    mask = Image.fromarray(np.rint(255 * np.clip(share, 0, 1)).astype(np.uint8))
    sharp = Image.fromarray(pixels)
    smooth = sharp.filter(ImageFilter.GaussianBlur(SIGMA * (height * width) ** 0.5))
    return np.asarray(Image.composite(smooth, sharp, mask))
