"""JPEG: the header is in APP11 segments; pictures are written from their coefficients."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from proface.media.file_limits import APP11, jpeg_segments
from proface.media.jpeg import jpeg_bytes
from proface.media.jpeg.header import joined_headers, with_header
from proface.media.photo import Photo

KIND = "JPEG"
SUFFIXES: tuple[str, ...] = (".jpg", ".jpeg")


def write(photo: Photo, path: Path, header: bytes | None) -> None:
    """Write `photo.jpeg`, every coefficient as it is; 0.6 s for 12 megapixels (4:2:0, baseline)."""
    if photo.jpeg is None:
        raise ValueError("a photo without coefficients")  # `storage.check_suffix` refuses it
    path.write_bytes(jpeg_bytes(photo.jpeg, header))


def headers(file: BinaryIO, source: Path, limit: int) -> list[bytes]:
    """The different headers before the pixels, at most two.

    Raises DamagedFileError for one that is too long, lacks a part or fails its checksum.
    """
    return joined_headers(_app11(file, source), str(source), limit)


def replace_header(source: Path, target: Path, header: bytes) -> None:
    """Write the file anew with another header; no other byte changes."""
    target.write_bytes(with_header(source.read_bytes(), header, str(source)))


def _app11(file: BinaryIO, source: Path) -> Iterator[bytes]:
    for marker, offset, length in jpeg_segments(file, str(source)):
        if marker == APP11:
            file.seek(offset)
            yield file.read(length)
