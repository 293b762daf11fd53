"""Tags of a TIFF's main directory that do not describe its pixels, and its further directories."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from proface.media.ancillary.parts import Part

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SIZES |= {16: 8, 17: 8, 18: 8}
_UNITS = {5: 4, 10: 4}  # rationals are two numbers
_BIG_TYPES = frozenset((16, 17, 18))  # not in the classic TIFF that is written
# What describes the pixels or is read as profile, XMP or resolution (TIFF 6.0, section 8).
_PICTURE = frozenset(
    {*range(254, 260), *range(262, 267), 273, 274, *range(277, 285), *range(288, 294), 296, 317}
    | {*range(320, 326), *range(338, 342), 347, *range(512, 522), *range(529, 533), 700, 34675}
    | {65000}
)
_EXIF = {270, 271, 272, 305, 306, 315, 316, 18246, 18249, 33432, *range(40091, 40096)}
_DIRECTORIES = {330: "sub-IFD", 34665: "", 34853: "", 40965: ""}  # EXIF is read as metadata
_NAMES = {33723: "IPTC", 34377: "Photoshop data", 37724: "Photoshop layers"}
_MAX_ENTRIES, _MAX_PAGES = 4096, 64
_REDUCED, _MASK = 1, 4


class _Entry(NamedTuple):
    tag: int
    type: int
    amount: int
    value: int  # offset of the value in the file


class Directory(NamedTuple):
    """A page or a thumbnail: its tags, by number, and whether it is the reduced copy of another."""

    tags: dict[int, _Entry]
    is_secondary: bool


def parts(data: bytes) -> Iterator[Part]:
    """Each tag that is not about the pixels; values little-endian."""
    pages = directories(data)
    order = "<" if data[:2] == b"II" else ">"
    for entry in pages[0].tags.values() if pages else ():
        if entry.tag in _PICTURE or entry.tag in _DIRECTORIES or entry.type not in _SIZES:
            continue
        value = data[entry.value : entry.value + entry.amount * _SIZES[entry.type]]
        name = "EXIF" if entry.tag in _EXIF else _NAMES.get(entry.tag, f"tag {entry.tag}")
        yield Part(name, f"tag {entry.tag} {entry.type}", _swapped(value, entry.type, order))


def dropped(data: bytes) -> Iterator[str]:
    """Names of the further directories, which are not put back."""
    pages = directories(data)
    if pages and 330 in pages[0].tags:
        yield "sub-IFDs (previews or raw data)"
    for page in pages[1:]:
        yield "reduced copy (thumbnail page)" if page.is_secondary else "further page"


def put_back(tiff: bytes, found: Iterable[Part]) -> tuple[bytes, list[Part]]:
    """Add tags to the first directory of a little-endian TIFF; also returns those that do not fit.

    The directory is written anew at the end of the file; no other offset changes.
    """
    start = int.from_bytes(tiff[4:8], "little")
    count = int.from_bytes(tiff[start : start + 2], "little")
    table = tiff[start + 2 : start + 2 + 12 * count]
    entries = {int.from_bytes(row[:2], "little"): row for row in _rows(table)}
    following = tiff[start + 2 + 12 * count : start + 6 + 12 * count]
    out, lost = bytearray(tiff + bytes(len(tiff) % 2)), []
    for part in found:
        place, number, kind = (*part.kind.split(" "), "", "")[:3]
        if place != "tag" or not (number.isdigit() and kind.isdigit()):
            lost.append(part)
            continue
        tag, size = int(number), _SIZES.get(int(kind), 0)
        if size == 0 or int(kind) in _BIG_TYPES or tag > 65535 or tag in _PICTURE | {330}:
            lost.append(part)
            continue
        value = part.data.ljust(4, b"\0")
        if len(part.data) > 4:
            value = len(out).to_bytes(4, "little")
            out += part.data + bytes(len(part.data) % 2)
        entries[tag] = struct.pack("<HHI", tag, int(kind), len(part.data) // size) + value
    at = len(out)
    out += len(entries).to_bytes(2, "little") + b"".join(entries[tag] for tag in sorted(entries))
    out += following
    out[4:8] = at.to_bytes(4, "little")
    return bytes(out), lost


def directories(data: bytes) -> list[Directory]:
    """The directories that follow each other, as far as they are whole; none if damaged."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2], "")
    if not order:
        return []
    big = data[2:4] in (b"+\x00", b"\x00+")
    number, entry, counter = ("Q", "HHQ", "Q") if big else ("I", "HHI", "H")
    at = struct.unpack_from(order + number, data, 8 if big else 4)[0] if len(data) >= 16 else 0
    found: list[Directory] = []
    seen: set[int] = set()
    width, inline = (20, 8) if big else (12, 4)
    while at and at not in seen and len(found) < _MAX_PAGES:
        seen.add(at)
        head = struct.calcsize(order + counter)
        if at + head > len(data):
            break
        count = struct.unpack_from(order + counter, data, at)[0]
        tags: dict[int, _Entry] = {}
        for place in range(at + head, at + head + width * min(count, _MAX_ENTRIES), width):
            if place + width > len(data):
                return found
            tag, kind, amount = struct.unpack_from(order + entry, data, place)
            value = place + width - inline
            if amount * _SIZES.get(kind, 1) > inline:
                value = struct.unpack_from(order + number, data, value)[0]
            if value + amount * _SIZES.get(kind, 1) <= len(data):
                tags[tag] = _Entry(tag, kind, amount, value)
        subtype = 0
        if 254 in tags:
            order_name: Literal["little", "big"] = "little" if order == "<" else "big"
            size = _SIZES.get(tags[254].type, 4)
            subtype = int.from_bytes(data[tags[254].value : tags[254].value + size], order_name)
        found.append(Directory(tags, bool(subtype & (_REDUCED | _MASK))))
        behind = at + head + width * count
        if behind + struct.calcsize(order + number) > len(data):
            break
        at = struct.unpack_from(order + number, data, behind)[0]
    return found


def _rows(table: bytes) -> Iterator[bytes]:
    return (table[at : at + 12] for at in range(0, len(table), 12))


def _swapped(value: bytes, kind: int, order: str) -> bytes:
    """A value in little-endian order."""
    size = _UNITS.get(kind, _SIZES[kind])
    if order == "<" or size == 1:
        return value
    return b"".join(value[at : at + size][::-1] for at in range(0, len(value), size))
