"""Bound the size of the tags of a TIFF file, or of EXIF, which has the same structure.

Pillow reads every tag's value into memory, and each number becomes an object. Values may overlap,
so that a few kilobytes of tags can expand to gigabytes.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from typing import BinaryIO, Literal

from proface.errors import ImageError

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SIZES |= {16: 8, 17: 8, 18: 8}
_TEXTS = {1, 2, 6, 7}  # types that Pillow keeps as bytes
_DIRECTORIES = {34665, 34853, 40965}  # EXIF, GPS, interoperability
_SAMPLES = {3: "floating-point", 5: "complex", 6: "complex"}  # by SampleFormat
_LOG_LUV = {34676, 34677}  # compressions of SGI
_MAX_DIRECTORIES = 16
_MAX_PAGES = 64
# A header has at most 64 MiB; the largest picture has some hundred thousand strips.
_MAX_BYTES, _MAX_NUMBERS = 72 << 20, 2_000_000
_MAX_EXIF_BYTES = 4 << 20  # a JPEG segment holds 64 KiB; maker notes elsewhere take a megabyte


def check_tiff(file: BinaryIO, source: str) -> None:
    """Raise ImageError if a TIFF file's tags are larger than any photo's."""
    if not _fits(file, _MAX_BYTES, _MAX_NUMBERS):
        raise oversized(source, "TIFF")


def check_exif(data: object, source: str) -> None:
    """Raise ImageError if EXIF, with or without its prefix, is larger than any photo's."""
    if not isinstance(data, bytes):
        return
    structure = data.removeprefix(b"Exif\x00\x00")
    fits = _fits(io.BytesIO(structure), _MAX_EXIF_BYTES, _MAX_EXIF_BYTES)
    if len(structure) > _MAX_EXIF_BYTES or not fits:
        raise oversized(source, "picture's EXIF")


def has_one_page(file: BinaryIO) -> bool:
    """Whether all further directories are reduced copies or masks of the first (NewSubfileType)."""
    kinds = [_number_of(file, tags.get(254)) & 5 for tags in _directories(file)]
    return all(kinds[1:])


def unsupported_samples(file: BinaryIO) -> str | None:
    """What samples the first page has, if no reader of ours knows them; else None."""
    first = next(_directories(file), {})
    compression, bits, kind = (_number_of(file, first.get(tag)) for tag in (259, 258, 339))
    if compression in _LOG_LUV:
        return "the image is coded as LogLuv, with high dynamic range"
    if kind in _SAMPLES:
        return f"the image holds {_SAMPLES[kind]} numbers"
    return "the image has 32 bits a channel or more" if bits >= 32 else None


def _fits(file: BinaryIO, most_bytes: int, most_numbers: int) -> bool:
    """Whether the values of all directories together are within both limits."""
    size = file.seek(0, os.SEEK_END)
    total = numbers = 0
    for kind, count, place in _entries(file):
        length = min(count * _SIZES[kind], max(0, size - place))  # reading stops at the end
        total += length
        if kind not in _TEXTS:
            numbers += length // _SIZES[kind]
        if total > most_bytes or numbers > most_numbers:
            return False
    return True


def _directories(file: BinaryIO) -> Iterator[dict[int, tuple[int, int]]]:
    """Yield the pages' directories: tag -> (length of its first number, where that is)."""
    file.seek(0)
    head = file.read(16)
    name: Literal["little", "big"] = "little" if head[:2] == b"II" else "big"
    big = head[2:4] in (b"+\x00", b"\x00+")
    counter, offset, width = (8, 8, 20) if big else (2, 4, 12)
    at = int.from_bytes(head[8:16] if big else head[4:8], name)
    for _ in range(_MAX_PAGES):
        if at < 8:
            return
        file.seek(min(at, 1 << 62))
        count = int.from_bytes(file.read(counter), name)
        table = file.read(min(count, 1 << 16) * width + offset)
        tags: dict[int, tuple[int, int]] = {}
        for n in range(min(count, len(table) // width)):
            row = table[n * width : (n + 1) * width]
            kind, amount = (int.from_bytes(part, name) for part in (row[2:4], row[4:-offset]))
            size = _SIZES.get(kind, 0)
            place = at + counter + (n + 1) * width - offset
            if size * amount > offset:
                place = int.from_bytes(row[-offset:], name)
            if size and amount:
                tags[int.from_bytes(row[:2], name)] = size, place
        yield tags
        at = int.from_bytes(table[count * width : count * width + offset], name)


def _number_of(file: BinaryIO, place: tuple[int, int] | None) -> int:
    if place is None:
        return 0
    file.seek(0)
    order: Literal["little", "big"] = "little" if file.read(2) == b"II" else "big"
    file.seek(min(place[1], 1 << 62))
    return int.from_bytes(file.read(place[0]), order)


def _entries(file: BinaryIO) -> Iterator[tuple[int, int, int]]:
    """Yield (type, count, value offset) of each entry of a known type, in all directories."""
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


def oversized(source: str, what: str) -> ImageError:
    """Make the error for a file with far more data than its pixels need."""
    return ImageError(
        f"{source}: this {what} holds far more data than a photo. Save it again with another "
        "program."
    )
