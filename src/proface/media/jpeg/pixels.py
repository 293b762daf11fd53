"""Pixels to a `Jpeg` and back, and grey JPEGs in colour."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from PIL import Image

from proface.errors import OutputError
from proface.media.decode import pixel_limit
from proface.media.jpeg.coefficients import Blocks, Coefficients, read_coefficients
from proface.media.jpeg.frame import Component, Frame
from proface.media.jpeg.jpeg import Jpeg
from proface.media.jpeg.parse import MAX_SIDE
from proface.media.metadata import Metadata
from proface.types import Pixels


def from_pixels(
    pixels: Pixels,
    quality: int = 92,
    *,
    icc: bytes | None = None,
    metadata: Metadata | None = None,
    grey: bool = False,
    source: str = "image",
) -> Jpeg:
    """Encode upright pixels, h x w x 3, RGB, with libjpeg's tables; baseline.

    Chroma is halved in both directions (4:2:0): phones store HEIC that way, a service that
    compresses the file again does it anyhow, and whole MCUs are then cells of 16 pixels. grey:
    without chroma, of the first channel; protected regions need chroma.

    Raises OutputError for a side over 65,500 pixels.
    """
    metadata = metadata or Metadata()
    if max(pixels.shape[:2]) > MAX_SIDE:
        raise OutputError(
            f"{source}: a JPEG holds at most {MAX_SIDE} pixels a side, and the picture has "
            f"{pixels.shape[1]} x {pixels.shape[0]}. Use .png."
        )
    file = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if grey else pixels))
    dpi = {"dpi": metadata.dpi} if metadata.dpi else {}
    image.save(file, "JPEG", quality=quality, subsampling="4:2:0", **dpi)
    coefficients = read_coefficients(file.getvalue(), source)
    return Jpeg(coefficients, icc=icc, metadata=metadata, source=source)


def to_pixels(jpeg: Jpeg) -> Pixels:
    """Decode with Pillow's libjpeg to h x w x 3, RGB, stored orientation."""
    data = io.BytesIO(jpeg.coefficients.to_bytes())
    with pixel_limit(), Image.open(data, formats=["JPEG"]) as image:
        return np.array(image.convert("RGB"))


def in_colour(jpeg: Jpeg) -> Jpeg:
    """Give a grey JPEG two planes of neutral chroma (4:2:0); another one is returned as it is.

    Luma coefficients stay equal; chroma has luma's table. Decoders show the same.
    """
    if not jpeg.is_grey:
        return jpeg
    frame, luma = jpeg.frame, jpeg.coefficients.planes[0]
    rows, columns = -(-frame.height // 16), -(-frame.width // 16)
    table = frame.components[0].table
    components = (
        Component(1, 2, 2, table, *luma.shape[:2]),
        *(Component(number, 1, 1, table, rows, columns) for number in (2, 3)),
    )
    chroma = [np.zeros((rows, columns, 64), np.int16) for _ in range(2)]
    return _with_planes(jpeg, components, [luma.copy(), *chroma])


def in_grey(jpeg: Jpeg) -> Jpeg:
    """Drop the chroma: the reverse of `in_colour`."""
    luma = jpeg.coefficients.planes[0]
    component = Component(1, 1, 1, jpeg.frame.components[0].table, *luma.shape[:2])
    return _with_planes(jpeg, (component,), [luma.copy()])


def _with_planes(jpeg: Jpeg, components: tuple[Component, ...], planes: Blocks) -> Jpeg:
    """With other planes, in libjpeg's usual passes. An Adobe segment could mean RGB."""
    frame: Frame = replace(jpeg.frame, components=components, scans=(), adobe=None)
    return replace(jpeg, coefficients=Coefficients(frame, planes))
