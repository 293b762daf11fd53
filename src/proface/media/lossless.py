"""Pixels as few bytes, and exactly the same pixels again: lossless WebP, for what is sealed.

Of the codecs that Pillow has, WebP's lossless one needs the fewest bytes for a face
(`python -m benchmarks.lossless`; docs/FORMAT.md has the table). Method 4 takes 5 % less than
method 2; method 6 takes 25 times as long for another 0.2 %.
"""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from proface.errors import DamagedFileError
from proface.media.encoders import MAX_WEBP_SIDE
from proface.media.opening import pixel_limit

Pixels = npt.NDArray[np.uint8]


def encode(pixels: Pixels) -> bytes:
    """uint8 of shape H x W x 3 as a WebP; as a PNG where a side is too long for WebP."""
    file = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(pixels))
    if max(image.size) <= MAX_WEBP_SIDE:
        image.save(file, "WEBP", lossless=True, method=4, quality=75)
    else:
        image.save(file, "PNG")
    return file.getvalue()


def decode(data: bytes, height: int, width: int) -> Pixels:
    """What `encode` was given, H x W x 3.

    Raises:
        DamagedFileError: it is no such picture, or one of another size.
    """
    try:
        with pixel_limit(), Image.open(io.BytesIO(data), formats=["WEBP", "PNG"]) as image:
            # Before anything is decoded: whoever sealed it may have meant harm.
            if image.size != (width, height):
                raise DamagedFileError("Sealed pixels are of another size than their region.")
            return np.array(image.convert("RGB"))
    except DamagedFileError:
        raise
    except Exception as error:  # Pillow raises nearly anything
        raise DamagedFileError("Sealed pixels are no picture.") from error
