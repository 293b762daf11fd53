"""Bring any readable picture to 8 bits a channel in RGB or grey, and say what was changed."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

CMYK, DEEP = "CMYK to RGB", "more than 8 bits a channel to 8"
_SIXTEEN = ("I;16", "I;16L", "I;16B", "I;16N")


def in_8_bit_rgb(image: Image.Image) -> tuple[Image.Image, bool]:
    """A loaded picture of a mode that `decode` accepts, and whether its profile is used up.

    CMYK becomes sRGB by its profile, or by subtraction without one. 16 bits are rounded to 8.
    """
    if image.mode in _SIXTEEN:
        values = np.asarray(image).astype(np.uint32)
        return Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8)), False
    if image.mode == "CMYK":
        return _from_cmyk(image), True
    return image, False


def _from_cmyk(image: Image.Image) -> Image.Image:
    icc = image.info.get("icc_profile")
    if isinstance(icc, bytes):
        try:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            made = ImageCms.profileToProfile(
                image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            if made is not None:
                return made
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a damaged profile, or one that is not of CMYK
    return image.convert("RGB")
