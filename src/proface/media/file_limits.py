"""Bound the structure of JPEG, GIF, WebP, AVIF and HEIC files before Pillow reads them.

Pillow scans the first two byte by byte for the next part and reads the others into memory whole, so
that a crafted file would cost minutes or gigabytes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import BinaryIO

from proface.errors import ImageError
from proface.media.tiff_limits import check_exif, oversized

# Cameras write 1 to 14. Each is a pass over all coefficients: a few kilobytes can cost minutes.
_MAX_JPEG_SCANS = 64
_MAX_JPEG_SEGMENTS = 20_000  # before the pixels; a profile and XMP take some hundreds at most
# Before the pixels. Depth maps in XMP take some megabytes; Pillow concatenates EXIF segments in
# quadratic time.
_MAX_JPEG_OTHER_BYTES = 32 << 20
_MAX_JPEG_APP11_BYTES = 96 << 20  # a header has 64 MiB at most
_MAX_PADDING = 64 * 1024  # meaningless bytes between parts
_MAX_CHUNKS = 10_000
_MAX_OTHER_BYTES = 96 << 20  # of a WebP, all but the pixels; a header has 86 MiB at most
MAX_HEIF_BYTES = 96 << 20
APP11 = 0xEB
_MARKER = re.compile(rb"\xff([^\x00\xff])", re.DOTALL)
_EXIF = b"Exif\x00\x00"
_BLOCK = 1 << 16


def check_jpeg(file: BinaryIO, source: str) -> None:
    """Raise ImageError if there are more scans, segments or padding than any camera writes."""
    _check_segments(file, source)
    if _jpeg_scans(file) > _MAX_JPEG_SCANS:
        raise ImageError(
            f"{source}: this JPEG has more than {_MAX_JPEG_SCANS} passes, which no camera "
            "writes. Save it again with another program."
        )


def jpeg_segments(file: BinaryIO, source: str) -> Iterator[tuple[int, int, int]]:
    """Yield (marker, offset, length) of each segment's data before the pixels, as Pillow does.

    Raises ImageError if there are more of them, or more padding, than any camera writes.
    """
    padding, segments, position = 0, 0, 2
    room = {True: _MAX_JPEG_APP11_BYTES, False: _MAX_JPEG_OTHER_BYTES}
    while segments <= _MAX_JPEG_SEGMENTS and padding <= _MAX_PADDING and min(room.values()) >= 0:
        file.seek(position)
        block = file.read(_BLOCK)
        found = _MARKER.search(block)
        if found is None:
            if len(block) < _BLOCK:
                return
            padding += len(block) - 1
            position += len(block) - 1  # the last byte may begin a marker
            continue
        marker = found[1][0]
        if marker in (0xDA, 0xD9):  # pixels begin, or the end
            return
        padding += found.start()
        segments += 1
        position += found.end()
        if marker not in (0x01, *range(0xD0, 0xD9)):  # those stand alone
            file.seek(position)
            length = max(2, int.from_bytes(file.read(2), "big"))
            yield marker, position + 2, length - 2
            position += length
            room[marker == APP11] -= length
    raise oversized(source, "JPEG")


def _check_segments(file: BinaryIO, source: str) -> None:
    """Check the segments before the pixels."""
    exif = bytearray()
    for marker, offset, length in jpeg_segments(file, source):
        if marker == 0xE1:
            file.seek(offset)
            if (part := file.read(length)).startswith(_EXIF):
                exif += part.removeprefix(_EXIF)  # as Pillow does
    check_exif(bytes(exif), source)


def check_gif(file: BinaryIO, source: str) -> None:
    """Raise ImageError if there are too many meaningless bytes between its blocks.

    Stops at the second frame: animations are rejected later.
    """
    file.seek(10)
    position = 13 + _palette(file.read(1))
    padding = pictures = 0
    while pictures < 2 and padding <= _MAX_PADDING:
        file.seek(position)
        kind = file.read(1)
        if kind in (b"", b";"):
            return
        if kind == b",":
            pictures += 1
            position += 10 + _palette(file.read(9)[8:]) + 1
        elif kind == b"!":
            position += 2
        else:
            padding += 1
            position += 1
            continue
        position = _after_sub_blocks(file, position)
    if pictures < 2:
        raise oversized(source, "GIF")


def check_webp(file: BinaryIO, source: str) -> None:
    """Raise ImageError if it holds far more data than its pixels can need."""
    size = file.seek(0, os.SEEK_END)
    others = 0
    for count, (kind, length, start) in enumerate(_riff_chunks(file, size)):
        if kind == b"VP8L":
            others += max(0, length - 8 * _webp_pixels(file, start) - _BLOCK)
        elif kind == b"VP8 ":
            others += max(0, length - _MAX_OTHER_BYTES)
        else:
            others += length
        if count > _MAX_CHUNKS or others > _MAX_OTHER_BYTES:
            raise oversized(source, "WebP")


def check_heif(file: BinaryIO, source: str) -> None:
    """Raise ImageError if the file is larger than any photo."""
    if file.seek(0, os.SEEK_END) > MAX_HEIF_BYTES:
        raise oversized(source, "AVIF or HEIC")


def _jpeg_scans(file: BinaryIO) -> int:
    """Count the scans, stopping past the limit. Coded data cannot contain FF DA."""
    count, tail = 0, b""
    file.seek(0)
    while count <= _MAX_JPEG_SCANS and (block := file.read(1 << 20)):
        block = tail + block
        count += block.count(b"\xff\xda")
        tail = b"\xff" if block.endswith(b"\xff") else b""
    return count


def _palette(flags: bytes) -> int:
    """The size in bytes of the palette that these flags announce."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0


def _after_sub_blocks(file: BinaryIO, position: int) -> int:
    """The offset after a sequence of GIF sub-blocks."""
    file.seek(position)
    while (length := file.read(1)) not in (b"", b"\x00"):
        file.seek(length[0], os.SEEK_CUR)
    return file.tell()


def _riff_chunks(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield (type, length, offset) of each chunk, up to the end of the file."""
    position = 12
    while position + 8 <= size:
        file.seek(position)
        head = file.read(8)
        length = min(int.from_bytes(head[4:], "little"), size - position - 8)
        yield head[:4], length, position + 8
        position += 8 + length + length % 2


def _webp_pixels(file: BinaryIO, start: int) -> int:
    """The pixel count in a lossless picture's header (WebP Lossless, section 3)."""
    file.seek(start + 1)
    bits = int.from_bytes(file.read(4), "little")
    return ((bits & 0x3FFF) + 1) * ((bits >> 14 & 0x3FFF) + 1)
