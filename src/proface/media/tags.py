"""How much the tags of a TIFF, or of EXIF, which has the same form, say that they hold.

Pillow reads every tag's value into memory, and each number becomes an object. Values may lie over
one another, so that a few kilobytes of tags can stand for gigabytes.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

from proface.errors import ImageError

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SIZES |= {16: 8, 17: 8, 18: 8}
_TEXTS = {1, 2, 6, 7}  # types that stay bytes
_DIRECTORIES = {34665, 34853, 40965}  # EXIF's own, GPS, interoperability
_MAX_DIRECTORIES = 16
# A header has 64 MiB at most. The strips of the largest picture are some hundred thousand numbers.
_MAX_BYTES, _MAX_NUMBERS = 72 << 20, 2_000_000
_MAX_EXIF_BYTES = 4 << 20  # a JPEG holds 64 KiB of it; maker notes elsewhere take a megabyte


def check_tiff(file: BinaryIO, source: str) -> None:
    """Raise ImageError if a TIFF's tags hold more than any photo's."""
    if not _fits(file, _MAX_BYTES, _MAX_NUMBERS):
        raise _holds_more(source, "TIFF")


def check_exif(data: object, source: str) -> None:
    """Raise ImageError if EXIF, with or without its name before it, holds more than any photo's."""
    if not isinstance(data, bytes):
        return
    structure = data.removeprefix(b"Exif\x00\x00")
    fits = _fits(io.BytesIO(structure), _MAX_EXIF_BYTES, _MAX_EXIF_BYTES)
    if len(structure) > _MAX_EXIF_BYTES or not fits:
        raise _holds_more(source, "picture's EXIF")


def _fits(file: BinaryIO, most_bytes: int, most_numbers: int) -> bool:
    """Whether the values of all directories together keep within both limits."""
    size = file.seek(0, os.SEEK_END)
    total = numbers = 0
    for kind, count, place in _entries(file):
        length = min(count * _SIZES[kind], max(0, size - place))  # there is no more to read
        total += length
        if kind not in _TEXTS:
            numbers += length // _SIZES[kind]
        if total > most_bytes or numbers > most_numbers:
            return False
    return True


def _entries(file: BinaryIO) -> Iterator[tuple[int, int, int]]:
    """(type, count, offset of the value) of each entry whose type is known, of all directories."""
    file.seek(0)
    head = file.read(16)
    order = "<" if head[:2] == b"II" else ">"
    big = head[2:4] in (b"+\x00", b"\x00+")
    number, entry = ("Q", "HHQQ") if big else ("I", "HHII")
    counter, inline = (8, 8) if big else (2, 4)
    width = struct.calcsize(f"={entry}")
    start = head[8:16] if big else head[4:8]
    waiting = [int.from_bytes(start, "little" if order == "<" else "big")]
    seen: set[int] = set()
    while waiting and len(seen) < _MAX_DIRECTORIES:
        place = waiting.pop()
        if place in seen or place < 8:
            continue
        seen.add(place)
        file.seek(min(place, 1 << 62))
        count = int.from_bytes(file.read(counter), "little" if order == "<" else "big")
        table = file.read(min(count, 1 << 16) * width + struct.calcsize(f"={number}"))
        whole = len(table) // width
        for tag, kind, length, value in struct.iter_unpack(
            f"{order}{entry}", table[: min(count, whole) * width]
        ):
            if tag in _DIRECTORIES:
                waiting.append(value)
            elif kind in _SIZES and length * _SIZES[kind] > inline:
                yield kind, length, value
        after = table[count * width :]
        if len(after) == struct.calcsize(f"={number}"):
            waiting.insert(0, struct.unpack(f"{order}{number}", after)[0])


def _holds_more(source: str, what: str) -> ImageError:
    return ImageError(
        f"{source}: this {what} holds far more than any photo's. Save it anew with another program."
    )
