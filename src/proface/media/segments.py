"""What a JPEG, a GIF, a WebP or an AVIF consists of, looked through before Pillow reads it.

Pillow searches the first two for what comes next byte by byte, and takes the others into memory
whole: a file with little in it but length would cost minutes, or gigabytes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import BinaryIO

from proface.errors import ImageError
from proface.media.tags import check_exif

# Cameras write 1 to 14. Each costs a pass over all coefficients, so a few kilobytes cost minutes.
_MAX_JPEG_SCANS = 64
_MAX_JPEG_SEGMENTS = 20_000  # before the pixels; a profile and XMP take some hundreds at most
# Before the pixels. Depth maps in XMP take some megabytes; and Pillow strings EXIF together, at a
# cost that grows with its square.
_MAX_JPEG_OTHER_BYTES = 32 << 20
_MAX_FILLING = 64 * 1024  # bytes between parts, which mean nothing
_MAX_CHUNKS = 10_000
_MAX_OTHER_BYTES = 96 << 20  # of a WebP, all but the pixels; a header has 86 MiB at most
_MAX_AVIF_BYTES = 96 << 20
_MARKER = re.compile(rb"\xff([^\x00\xff])", re.DOTALL)
_EXIF = b"Exif\x00\x00"
_BLOCK = 1 << 16


def check_jpeg(file: BinaryIO, source: str) -> None:
    """Raise ImageError if there are more scans, segments or filling than any camera writes."""
    _check_segments(file, source)
    if _jpeg_scans(file) > _MAX_JPEG_SCANS:
        raise ImageError(
            f"{source}: this JPEG has more than {_MAX_JPEG_SCANS} passes, which no camera "
            "writes. Save it anew with another program."
        )


def _check_segments(file: BinaryIO, source: str) -> None:
    """Those before the pixels."""
    filling, segments = 0, 0
    position = 2
    exif = bytearray()
    while segments <= _MAX_JPEG_SEGMENTS and position <= _MAX_JPEG_OTHER_BYTES:
        if filling > _MAX_FILLING:
            break
        file.seek(position)
        block = file.read(_BLOCK)
        found = _MARKER.search(block)
        if found is None:
            if len(block) < _BLOCK:
                return
            filling += len(block) - 1
            position += len(block) - 1  # the last byte may begin a marker
            continue
        marker = found[1][0]
        if marker in (0xDA, 0xD9):  # pixels begin, or the end
            check_exif(bytes(exif), source)
            return
        filling += found.start()
        segments += 1
        position += found.end()
        if marker not in (0x01, *range(0xD0, 0xD9)):  # those stand alone
            file.seek(position)
            length = max(2, int.from_bytes(file.read(2), "big"))
            if marker == 0xE1 and (part := file.read(length - 2)).startswith(_EXIF):
                exif += part.removeprefix(_EXIF)  # as Pillow does
            position += length
    raise _holds_more(source, "JPEG")


def check_gif(file: BinaryIO, source: str) -> None:
    """Raise ImageError if there are more bytes between its parts than a writer could leave there.

    Looked through up to the second picture, with which it is an animation and refused as such.
    """
    file.seek(10)
    position = 13 + _palette(file.read(1))
    filling = pictures = 0
    while pictures < 2 and filling <= _MAX_FILLING:
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
            filling += 1
            position += 1
            continue
        position = _behind_blocks(file, position)
    if pictures < 2:
        raise _holds_more(source, "GIF")


def check_webp(file: BinaryIO, source: str) -> None:
    """Raise ImageError if there is far more in it than a picture of its size can need."""
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
            raise _holds_more(source, "WebP")


def check_avif(file: BinaryIO, source: str) -> None:
    """Raise ImageError if the file is larger than any photo's."""
    if file.seek(0, os.SEEK_END) > _MAX_AVIF_BYTES:
        raise _holds_more(source, "AVIF")


def _jpeg_scans(file: BinaryIO) -> int:
    """How many scans follow, stopping past the limit. In coded data FF DA cannot occur."""
    count, tail = 0, b""
    file.seek(0)
    while count <= _MAX_JPEG_SCANS and (block := file.read(1 << 20)):
        block = tail + block
        count += block.count(b"\xff\xda")
        tail = b"\xff" if block.endswith(b"\xff") else b""
    return count


def _palette(flags: bytes) -> int:
    """The bytes of a palette that follows these flags."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0


def _behind_blocks(file: BinaryIO, position: int) -> int:
    """Where a row of blocks, each with its length before it, ends."""
    file.seek(position)
    while (length := file.read(1)) not in (b"", b"\x00"):
        file.seek(length[0], os.SEEK_CUR)
    return file.tell()


def _riff_chunks(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """(type, length, offset) of each chunk, as far as the file goes."""
    position = 12
    while position + 8 <= size:
        file.seek(position)
        head = file.read(8)
        length = min(int.from_bytes(head[4:], "little"), size - position - 8)
        yield head[:4], length, position + 8
        position += 8 + length + length % 2


def _webp_pixels(file: BinaryIO, start: int) -> int:
    """The pixels that a lossless picture says it has (WebP Lossless, section 3)."""
    file.seek(start + 1)
    bits = int.from_bytes(file.read(4), "little")
    return ((bits & 0x3FFF) + 1) * ((bits >> 14 & 0x3FFF) + 1)


def _holds_more(source: str, what: str) -> ImageError:
    return ImageError(
        f"{source}: this {what} holds far more than pixels. Save it anew with another program."
    )
