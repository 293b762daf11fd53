"""Parts of a JPEG besides its picture, EXIF, XMP and profile: taken out, and put back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from proface.media.ancillary.parts import Part
from proface.media.jpeg.header import is_header
from proface.media.jpeg.passengers import (
    EXTENDED_XMP,
    ICC,
    JFIF,
    XMP,
    behind,
    indexed,
    named,
)
from proface.media.jpeg.segments import (
    APP0,
    APP1,
    APP2,
    APP14,
    COM,
    MAX_DATA,
    end_of_picture,
    packed,
    segments,
)
from proface.media.jpeg.tiff import EXIF, MPF, Tiff

_BEHIND = "behind"
_FIRST_METADATA = (EXIF, XMP)  # read as metadata


def parts(data: bytes, source: str = "image") -> Iterator[Part]:
    """Every part, in the file's order. Raises ImageError where the segments are damaged."""
    pictures: dict[int, tuple[int, str]] = {}
    end = end_of_picture(data, source)
    for segment in segments(data, source):
        body, marker = data[segment.data : segment.end], segment.marker
        if not segment.is_metadata or is_header(marker, body) or _is_read(marker, body):
            continue
        name = "extended XMP" if body.startswith(EXTENDED_XMP) else next(named(marker, body), "")
        kind = "COM" if marker == COM else f"APP{marker - APP0}"
        if marker == APP2 and body.startswith(MPF):
            base = segment.data + len(MPF)
            pictures |= indexed(body, segment.data)
            kind = f"MPF {base} {end}"
        if name:
            yield Part(name, kind, body)
    position = end
    for length, name in behind(data, source, pictures):
        yield Part(name, _BEHIND, data[position : position + length])
        position += length


def dropped(data: bytes, source: str = "image") -> Iterator[str]:
    """Names of what is neither a part nor metadata: a thumbnail in JFIF, which is written anew."""
    for segment in segments(data, source):
        body = data[segment.data : segment.end]
        if segment.marker == APP0 and body.startswith(JFIF) and len(body) > 14:
            yield "JFIF thumbnail"


def put_back(jpeg: bytes, found: Iterable[Part]) -> tuple[bytes, list[Part]]:
    """Insert parts before the tables and behind the end; also returns those that do not fit."""
    found = list(found)
    lost = [part for part in found if not _fits(part)]
    place = _first_table(jpeg)
    inserted, indexes, tail = b"", [], b""
    for part in found:
        if part in lost:
            continue
        if part.kind == _BEHIND:
            tail += part.data
            continue
        if part.kind.startswith("MPF "):
            indexes.append((place + len(inserted) + 4, part))
            inserted += packed(APP2, part.data)
        else:
            marker = COM if part.kind == "COM" else APP0 + int(part.kind[3:])
            inserted += packed(marker, part.data)
    out = bytearray(jpeg[:place] + inserted + jpeg[place:])
    for start, part in indexes:
        _, base, end = part.kind.split(" ")
        moved = _moved(part.data, int(base), int(end), start + len(MPF), len(out))
        out[start : start + len(moved)] = moved
    return bytes(out) + tail, lost


def _is_read(marker: int, body: bytes) -> bool:
    """Whether a segment is read as metadata or profile, or says what the planes mean."""
    if marker == APP1:
        return body.startswith(_FIRST_METADATA)
    if marker == APP2:
        return body.startswith(ICC)
    return (marker == APP0 and body.startswith(JFIF)) or (
        marker == APP14 and body.startswith(b"Adobe")
    )


def _fits(part: Part) -> bool:
    if part.kind == _BEHIND:
        return True
    words = part.kind.split(" ")
    numbers = words[1:] if words[0] == "MPF" else [words[0][3:]]
    right = words[0] == "COM" or (
        words[0][:3] in ("APP", "MPF") and all(n.isdigit() and len(n) < 12 for n in numbers)
    )
    if words[0] == "MPF":
        right = right and len(numbers) == 2
    elif words[0] != "COM":
        right = right and int(numbers[0] or 16) < 16
    return right and len(part.data) <= MAX_DATA


def _first_table(jpeg: bytes) -> int:
    """The offset behind the application segments."""
    for segment in segments(jpeg):
        if not segment.is_metadata:
            return segment.start
    return len(jpeg)


def _moved(body: bytes, base: int, end: int, new_base: int, new_end: int) -> bytes:
    """An MPF index for a first picture of another length."""
    index = Tiff(body[len(MPF) :])
    out = bytearray(body)
    for place, size, offset in index.picture_fields():
        place += len(MPF)
        if offset == 0:
            out[place + 4 : place + 8] = index.packed(max(0, size + new_end - end))
        else:
            offset += (new_end - new_base) - (end - base)
            out[place + 8 : place + 12] = index.packed(offset % (1 << 32))
    return bytes(out)
