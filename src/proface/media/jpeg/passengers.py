"""What rides along in a JPEG besides its picture, by name: much of it shows faces.

None of it is in a protected file in clear; `parts` takes it out to be sealed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from proface.errors import ImageError
from proface.media.jpeg.header import is_header
from proface.media.jpeg.segments import (
    APP0,
    APP1,
    APP2,
    APP11,
    APP13,
    APP14,
    COM,
    end_of_picture,
    is_jpeg,
    segments,
)
from proface.media.jpeg.tiff import EXIF, MPF, Tiff
from proface.media.xmp import mentions

XMP = b"http://ns.adobe.com/xap/1.0/\x00"
EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\x00"
JFIF, ICC, ADOBE = b"JFIF\x00", b"ICC_PROFILE\x00", b"Adobe"
_EXTENDED_HEAD = len(EXTENDED_XMP) + 40  # GUID, length, offset
_GAIN_MAPS = (b"urn:iso:std:iso:ts:21496:-1", b"hdr-gain-map/1.0", b"hdrgainmap", b"HDRGainMap")
_DEPTH = (b"depth:", b"depthmap", b"disparity", b"DepthData")
_PICTURE, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_MPF_KINDS = {
    0x010001: "preview picture",
    0x010002: "preview picture",
    0x020001: "second picture (panorama)",
    0x020002: "second picture (another view)",
    0x020003: "second picture (another angle)",
}
_MAX_PARTS = 16  # behind the picture; each costs a search of the rest
_NOT_ZERO = re.compile(rb"[^\x00]")
_BOXES = frozenset(b"ftyp moov mdat free skip wide uuid meta moof mfra mpvd sidx styp udta".split())


def passengers(data: bytes, source: str = "image") -> tuple[str, ...]:
    """Name everything besides the picture, each kind once, in the file's order.

    Takes time and memory that grow with the file's length. Raises ImageError where the segments
    are damaged.
    """
    found: list[str] = []
    pictures: dict[int, tuple[int, str]] = {}  # by MPF: from where, how long and what
    extended: list[bytes] = []
    for segment in segments(data, source):
        body = data[segment.data : segment.end]
        if not segment.is_metadata or is_header(segment.marker, body):
            continue
        if body.startswith(MPF) and segment.marker == APP2:
            pictures |= indexed(body, segment.data)
        if body.startswith(EXTENDED_XMP) and segment.marker == APP1:
            extended.append(body[_EXTENDED_HEAD:])
        else:
            found += named(segment.marker, body)
    if extended:
        found += ["extended XMP", *mentions(b"".join(extended))]
    found += [name for _length, name in behind(data, source, pictures) if name]
    return tuple(dict.fromkeys(found))


def named(marker: int, body: bytes) -> Iterator[str]:
    """The names of what is in a segment."""
    if marker == APP0 and body.startswith(JFIF):
        if len(body) > 14:
            yield "JFIF thumbnail"
    elif marker == APP0 and body.startswith(b"JFXX\x00"):
        yield "JFIF thumbnail"
    elif marker == APP1 and body.startswith(EXIF):
        thumbnail = Tiff(body[len(EXIF) :]).thumbnail()
        if thumbnail:
            yield "EXIF thumbnail"
        if _PICTURE in body.replace(thumbnail, b"", 1) or _PNG in body:
            yield "picture in the EXIF"
    elif marker == APP1 and body.startswith(XMP):
        yield from mentions(body)
    elif marker == APP2 and body.startswith(MPF):
        yield "index of further pictures (MPF)"
    elif marker == APP2 and body.startswith(b"FPXR\x00"):
        yield "FlashPix"
    elif marker == APP2 and body.startswith(_GAIN_MAPS[0]):
        yield "gain map parameters"
    elif marker == APP11 and body.startswith(b"JP"):
        yield "content credentials (JUMBF)"
    elif marker == APP13 and body.startswith(b"Photoshop 3.0\x00"):
        yield "Photoshop data, IPTC"
        if b"8BIM\x04\x0c" in body or b"8BIM\x04\x09" in body:
            yield "Photoshop thumbnail"
    elif marker == COM:
        yield "comment"
    elif not (
        (marker == APP14 and body.startswith(ADOBE)) or (marker == APP2 and body.startswith(ICC))
    ):
        yield f"APP{marker - APP0} segment"


def indexed(body: bytes, position: int) -> dict[int, tuple[int, str]]:
    """The pictures of an MPF index; position: of its data in the file."""
    base = position + len(MPF)
    return {
        base + entry.offset: (entry.size, _MPF_KINDS.get(entry.kind, "second picture"))
        for entry in Tiff(body[len(MPF) :]).pictures()
        if entry.offset
    }


def behind(
    data: bytes, source: str, pictures: dict[int, tuple[int, str]]
) -> Iterator[tuple[int, str]]:
    """Length and name of each part behind the end; no name for zeros."""
    position = end_of_picture(data, source)
    for _ in range(_MAX_PARTS):
        if position >= len(data):
            return
        length, kind = _part_at(data, position, pictures)
        yield length, kind
        position += length
    if position < len(data):
        yield len(data) - position, "bytes behind the end"


def _part_at(data: bytes, position: int, pictures: dict[int, tuple[int, str]]) -> tuple[int, str]:
    """Length and name of the part that begins there; no name for zeros."""
    rest = len(data) - position
    if position in pictures and 0 < pictures[position][0] <= rest:
        length, kind = pictures[position]
        return length, _picture_kind(data, position, length, kind)
    if is_jpeg(data, position):
        try:
            length = end_of_picture(data, start=position) - position
        except ImageError:
            length = rest
        return length, _picture_kind(data, position, length, "second picture")
    if data[position + 4 : position + 8] == b"ftyp":
        return _boxes(data, position), "motion photo video"
    end = min(_next_known(data, position + 1, pictures), len(data))
    if _NOT_ZERO.search(data, position, end) is None:
        return end - position, ""
    tail = data[max(position, end - 64) : end]
    if b"SEFT" in tail or b"MotionPhoto_Data" in tail:
        return end - position, "Samsung trailer"
    return end - position, "bytes behind the end"


def _next_known(data: bytes, position: int, pictures: dict[int, tuple[int, str]]) -> int:
    places = [start for start in pictures if start >= position]
    places.append(data.find(_PICTURE, position))
    places.append(data.find(b"ftyp", position + 4) - 4)
    return min((place for place in places if place >= position), default=len(data))


def _boxes(data: bytes, position: int) -> int:
    """How long an MP4 is: its boxes one behind the other, as far as they make sense."""
    start = position
    for _ in range(10_000):
        size, kind = (
            int.from_bytes(data[position : position + 4], "big"),
            data[position + 4 : position + 8],
        )
        if size == 1:
            size = int.from_bytes(data[position + 8 : position + 16], "big")
        if kind not in _BOXES or (size < 8 and size != 0):
            break
        if size == 0 or position + size >= len(data):
            return len(data) - start
        position += size
    return max(position - start, 8)


def _picture_kind(data: bytes, position: int, length: int, kind: str) -> str:
    head = data[position : position + min(length, 1 << 18)]
    if any(name in head for name in _GAIN_MAPS):
        return "gain map"
    if any(name in head for name in _DEPTH):
        return "depth map"
    return kind
