"""Lossless coding of the pixels to be sealed.

Of Pillow's codecs, lossless WebP needs the fewest bytes for a face
(`python -m benchmarks.lossless`; docs/FORMAT.md has the table). Method 4 takes 5 % less than
method 2; method 6 takes 25 times as long for another 0.2 %.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from proface.errors import DamagedFileError
from proface.media.decode import pixel_limit
from proface.types import Pixels

MAX_WEBP_SIDE = 16383


def encode(pixels: Pixels) -> bytes:
    """Encode H x W x 3 pixels as WebP, or as PNG if a side is too long for WebP."""
    file = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(pixels))
    if max(image.size) <= MAX_WEBP_SIDE:
        image.save(file, "WEBP", lossless=True, method=4, quality=75)
    else:
        image.save(file, "PNG")
    return file.getvalue()


def decode(data: bytes, height: int, width: int) -> Pixels:
    """Decode what `encode` returned to H x W x 3 pixels.

    Raises:
        DamagedFileError: it is not such a picture, or has another size.
    """
    try:
        with pixel_limit(), Image.open(io.BytesIO(data), formats=["WEBP", "PNG"]) as image:
            # Before decoding: the sealed bytes may be malicious.
            if image.size != (width, height):
                raise DamagedFileError("Sealed pixels have another size than their region.")
            return np.array(image.convert("RGB"))
    except DamagedFileError:
        raise
    except Exception as error:  # Pillow raises many types
        raise DamagedFileError("Sealed pixels cannot be decoded.") from error
