"""TIFF: the header is in tag 65000."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

from proface.errors import DamagedFileError
from proface.media.decode import open_image_header
from proface.media.metadata import tiff_tags
from proface.media.photo import Photo, save_image

KIND = "TIFF"
SUFFIXES: tuple[str, ...] = (".tif", ".tiff")
TIFF_TAG = 65000  # TIFF 6.0 reserves 65000 to 65535 for private use
_XMP_TAG = 700
_PREDICTOR_TAG = 317


def write(photo: Photo, path: Path, header: bytes | None) -> None:
    """Write losslessly, compressed with deflate and a predictor.

    2.3 s and 19.3 MB for the photo of `png.write`; without the predictor 1.4 s and 29.8 MB.
    """
    tags = tiff_tags(photo.metadata.exif)
    if photo.metadata.xmp:
        tags[_XMP_TAG] = photo.metadata.xmp
    if header is not None:
        tags[TIFF_TAG] = header
    options: dict[str, Any] = {}
    # Pillow's libtiff encoder cannot write EXIF directories; its uncompressed writer can.
    if photo.metadata.exif is None:
        tags[_PREDICTOR_TAG] = 2
        options["compression"] = "tiff_adobe_deflate"
    save_image(photo, path, KIND, colour=header is not None, exif=tags, **options)


def headers(file: BinaryIO, source: Path, limit: int) -> list[bytes]:
    """The headers in a file. Raises DamagedFileError for a tag of the wrong type or size."""
    with open_image_header(source) as image:
        value = getattr(image, "tag_v2", {}).get(TIFF_TAG)
    if value is None:
        return []
    if not isinstance(value, bytes) or len(value) > limit:
        raise DamagedFileError(
            f"{source}: tag {TIFF_TAG} does not hold a header of a valid size: the file was "
            "altered. Use another copy."
        )
    return [value]
