"""Our header in a JPEG: APP11 segments, as many as it takes.

Each begins with an identifier of its own, so that readers of JUMBF (also in APP11) pass by it:
"PROFACE" and 0; 1, the layout's version; then as unsigned numbers of four bytes, most significant
first, the part's number from 1 on, how many parts there are, the length of the header, and its
CRC-32; then the part. All parts but the last are full.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator

from proface.errors import DamagedFileError
from proface.media.jpeg.segments import APP11, MAX_DATA, packed, segments

IDENTIFIER = b"PROFACE\x00"
_VERSION = 1
_HEAD = struct.Struct(">8sBIIII")
_ROOM = MAX_DATA - _HEAD.size
_REMEDY = "Use another copy."


def header_segments(header: bytes) -> list[bytes]:
    """The header as segments; ValueError for an empty one, which has none."""
    if not header:
        raise ValueError("an empty header")
    parts = [header[at : at + _ROOM] for at in range(0, len(header), _ROOM)]
    crc = zlib.crc32(header)
    return [
        packed(APP11, _HEAD.pack(IDENTIFIER, _VERSION, number, len(parts), len(header), crc) + part)
        for number, part in enumerate(parts, 1)
    ]


def is_header(marker: int, body: bytes) -> bool:
    """Whether a segment is a part of our header."""
    return marker == APP11 and body.startswith(IDENTIFIER)


def with_header(data: bytes, header: bytes, source: str) -> bytes:
    """Replace the header of a JPEG that has one; every other byte stays.

    Raises ImageError if its segments are damaged.
    """
    out, position, new = [], 0, header_segments(header)
    for segment in segments(data, source):
        if is_header(segment.marker, data[segment.data : segment.end]):
            out += [data[position : segment.start], *new]
            position, new = segment.end, []
    return b"".join([*out, data[position:]])


def joined_headers(bodies: Iterable[bytes], source: str, limit: int) -> list[bytes]:
    """The headers in the data of APP11 segments, in their order: none, one, or two that differ.

    The same header found twice is one. Raises DamagedFileError for one that is over the limit, of
    another layout, whose parts are missing, twice there and different, out of order, or not what
    the checksum says.
    """
    headers: dict[tuple[int, int, int], list[tuple[int, bytes]]] = {}
    for number, head, part in _parts(bodies, source):
        count, length, _ = head
        if length > limit or count != -(-length // _ROOM):
            raise DamagedFileError(
                f"{source}: the header has a wrong length: the file was altered. {_REMEDY}"
            )
        if head not in headers and len(headers) == 2:
            break  # two that differ are refused as it is
        headers.setdefault(head, []).append((number, part))
    return [_joined(head, parts, source) for head, parts in headers.items()]


def _parts(
    bodies: Iterable[bytes], source: str
) -> Iterator[tuple[int, tuple[int, int, int], bytes]]:
    for body in bodies:
        if not is_header(APP11, body):
            continue
        if len(body) <= _HEAD.size:
            raise DamagedFileError(f"{source}: a part of the header is cut off. {_REMEDY}")
        _, version, number, count, length, crc = _HEAD.unpack_from(body)
        if version != _VERSION:
            raise DamagedFileError(
                f"{source}: the header is of another version ({version}). Update proface."
            )
        yield number, (count, length, crc), body[_HEAD.size :]


def _joined(head: tuple[int, int, int], parts: list[tuple[int, bytes]], source: str) -> bytes:
    count, length, crc = head
    known: dict[int, bytes] = {}
    for number, part in parts:
        if known.setdefault(number, part) != part:
            raise DamagedFileError(
                f"{source}: part {number} of the header is there twice, and differs. {_REMEDY}"
            )
    missing = next((n for n in range(1, count + 1) if n not in known), None)
    if missing is not None:
        raise DamagedFileError(
            f"{source}: part {missing} of the header's {count} is missing. {_REMEDY}"
        )
    order = [number for number, _ in parts]
    if order != list(range(1, count + 1)) * (len(order) // count):
        raise DamagedFileError(
            f"{source}: the header's parts are out of order, or twice there. {_REMEDY}"
        )
    header = b"".join(part for _, part in parts[:count])
    if len(header) != length or zlib.crc32(header) != crc:
        raise DamagedFileError(
            f"{source}: the header is damaged (it fails its checksum). {_REMEDY}"
        )
    return header
