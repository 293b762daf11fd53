"""A PNG's list of chunks: type, length, place. Nothing is decoded; Pillow does that.

The list is what bounds a hostile file before Pillow reads its chunks whole, and what finds a
header wherever an optimiser has moved it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from proface.errors import DamagedFileError, ImageError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER_CHUNK = b"prFc"
_MAX_CHUNKS = 500_000  # 600 MB of pixels in encoders' usual 8 KiB are 75,000
_MAX_OTHER_BYTES = 128 << 20  # of all chunks but the pixels


def chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """(type, length of the data, offset of the data) of each chunk, up to the end or a fault."""
    file.seek(len(SIGNATURE))
    for _ in range(_MAX_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            return
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        offset = file.tell()
        yield kind, length, offset
        if kind == b"IEND":
            return
        file.seek(offset + length + 4)


def check(file: BinaryIO, source: str) -> None:
    """Raise ImageError if what is not pixels is larger than any photo needs."""
    size = file.seek(0, 2)
    count = others = 0
    for kind, length, offset in chunks(file):
        count += 1
        if kind not in (b"IDAT", b"fdAT"):
            others += min(length, size - offset)
    if count >= _MAX_CHUNKS or others > _MAX_OTHER_BYTES:
        raise ImageError(
            f"{source}: this PNG holds far more than pixels. Save it anew with another program."
        )


def header_chunks(file: BinaryIO, source: str, limit: int) -> list[bytes]:
    """The data of the `prFc` chunks, in the file's order: two at most, which differ.

    Raises DamagedFileError for a chunk that is too long, cut off, or fails its CRC.
    """
    found: list[bytes] = []
    for kind, length, offset in chunks(file):
        if kind != HEADER_CHUNK:
            continue
        if length > limit:
            raise DamagedFileError(f"{source}: the header is too large: the file was altered.")
        file.seek(offset)
        data, crc = file.read(length), file.read(4)
        if zlib.crc32(data, zlib.crc32(kind)).to_bytes(4, "big") != crc:
            raise DamagedFileError(
                f"{source}: the header is damaged (its chunk fails the CRC). Use another copy."
            )
        if data not in found:
            found.append(data)
        if len(found) == 2:  # that refuses the file; more of up to 64 MiB would be a bomb
            break
    return found
