"""The lossless formats that are written, each with its place for the header.

Levels were chosen on a 12-megapixel photo with sensor noise and ten noisy faces, on one core:

    PNG   level 1 1.0 s 20.0 MB | level 4 2.9 s 17.1 MB | level 6 5.2 s 17.2 MB | RLE 1.3 s 17.0 MB
    WebP  method 0 0.7 s 18.1 MB | method 2 2.1 s 15.0 MB
    TIFF  deflate 1.4 s 29.8 MB | with predictor 2.3 s 19.3 MB
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image, ImageFile
from PIL.PngImagePlugin import PngInfo

from proface.errors import OutputError
from proface.media import xmp
from proface.media.metadata import load_exif, with_resolution
from proface.media.photo import Photo
from proface.media.png_chunks import HEADER_CHUNK

TIFF_TAG = 65000  # in the range that TIFF 6.0 leaves for private use (65000 to 65535)
_XMP_TAG = 700
_PREDICTOR_TAG = 317
MAX_WEBP_SIDE = 16383
# Pillow, and so this program, refuses a larger profile in a PNG as a possible bomb.
_MAX_PNG_PROFILE = ImageFile.SAFEBLOCK


def _write_png(photo: Photo, path: Path, header: bytes | None) -> None:
    if photo.icc and len(photo.icc) > _MAX_PNG_PROFILE:
        raise OutputError(f"{path}: the colour profile is too large for a PNG. Use .tif.")
    info = PngInfo()
    if header is not None:
        info.add(HEADER_CHUNK, header)
    if photo.metadata.xmp:
        info.add_itxt("XML:com.adobe.xmp", photo.metadata.xmp.decode("utf-8", "replace"))
    # Run lengths and Huffman codes only: noise has no repeats worth a search, flat areas have runs.
    _save(
        photo,
        path,
        "PNG",
        header,
        pnginfo=info,
        exif=photo.metadata.exif,
        compress_level=1,
        compress_type=zlib.Z_RLE,
    )


def _write_webp(photo: Photo, path: Path, header: bytes | None) -> None:
    if max(photo.size) > MAX_WEBP_SIDE:
        raise OutputError(
            f"{path}: WebP holds at most {MAX_WEBP_SIDE} pixels a side, and the picture has "
            f"{photo.size[0]} x {photo.size[1]}. Use .png or .tif."
        )
    packet = photo.metadata.xmp
    # `exact` keeps the colours under transparent pixels, which the digests cover.
    _save(
        photo,
        path,
        "WEBP",
        header,
        lossless=True,
        exact=True,
        method=2,
        quality=20,
        xmp=packet if header is None else xmp.with_header(packet, header),
        exif=with_resolution(photo.metadata.exif, photo.metadata.dpi),
    )


def _write_tiff(photo: Photo, path: Path, header: bytes | None) -> None:
    tags = load_exif(photo.metadata.exif)
    if photo.metadata.xmp:
        tags[_XMP_TAG] = photo.metadata.xmp
    if header is not None:
        tags[TIFF_TAG] = header
    options: dict[str, Any] = {}
    # libtiff, through Pillow, cannot write EXIF's own directories; Pillow's plain writer can.
    if photo.metadata.exif is None:
        tags[_PREDICTOR_TAG] = 2
        options["compression"] = "tiff_adobe_deflate"
    _save(photo, path, "TIFF", header, exif=tags, **options)


def _save(photo: Photo, path: Path, format: str, header: bytes | None, **options: Any) -> None:
    image: Image.Image = photo.to_image(colour=header is not None)
    image.info.clear()  # nothing but what is named here goes into the file
    given = {"icc_profile": photo.icc, "dpi": photo.metadata.dpi, **options}
    image.save(path, format, **{name: value for name, value in given.items() if value is not None})


ENCODERS: dict[str, Callable[[Photo, Path, bytes | None], None]] = {
    ".png": _write_png,
    ".webp": _write_webp,
    ".tif": _write_tiff,
    ".tiff": _write_tiff,
}
