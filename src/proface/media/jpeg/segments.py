"""A JPEG's marker segments, in the file's order. Nothing is decoded.

A segment is FF, a marker, a length of two bytes that counts itself, and data (ITU-T T.81, annex
B). After SOS follows coded data up to the next marker; in it FF stands as FF 00, and restart
markers belong to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from proface.errors import ImageError, UnsupportedImageError

SOI, EOI, SOS, DQT, DHT, DRI, COM, DNL, DAC = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4, 0xDD, 0xFE, 0xDC, 0xCC
APP0, APP1, APP2, APP11, APP13, APP14 = 0xE0, 0xE1, 0xE2, 0xEB, 0xED, 0xEE
FRAMES = frozenset(range(0xC0, 0xD0)) - {DHT, DAC, 0xC8}
MAX_DATA = 65533  # of one segment
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_MAX_SEGMENTS = 20_000  # a header of 86 MiB takes 1,400; profile and XMP some hundreds at most
_MAX_FILLING = 64 * 1024  # bytes between segments, which mean nothing
_ANY_MARKER = re.compile(rb"\xff[^\x00\xff]", re.DOTALL)
_AFTER_CODED = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
REMEDY = "Use another copy, or save it anew with another program."


@dataclass(frozen=True)
class Segment:
    """One segment by its place in the file.

    marker: the byte behind FF. start: offset of FF. data: offset of the data behind the length;
    end: offset behind the data. coded_end: offset behind the coded data that follow an SOS; the
    same as `end` for all others. Between two segments there may be filling.
    """

    marker: int
    start: int
    data: int
    end: int
    coded_end: int

    @property
    def is_metadata(self) -> bool:
        """Whether it is an APPn or a comment: what a decoder can do without."""
        return APP0 <= self.marker <= 0xEF or self.marker == COM


def is_jpeg(data: bytes, start: int = 0) -> bool:
    """Whether a JPEG begins at an offset."""
    return data.startswith(b"\xff\xd8\xff", start)


def segments(data: bytes, source: str = "image", start: int = 0) -> Iterator[Segment]:
    """Each segment behind the SOI at `start`, up to EOI, which is the last one given.

    A file that ends in coded data without EOI gives no EOI: whether its picture is whole is for
    the decoder to say. Raises UnsupportedImageError for what is no JPEG; ImageError for what is cut
    off inside a segment, has a length below two, or far more segments or filling than a picture
    needs. Takes time that grows
    with the length of the file, and no memory.
    """
    if not is_jpeg(data, start):
        raise UnsupportedImageError(f"{source}: this is no JPEG. Give a JPEG file.")
    position, filling, scanned = start + 2, 0, False
    for _ in range(_MAX_SEGMENTS):
        found = _ANY_MARKER.search(data, position)
        if found is None:
            if scanned and not data[position:].strip(b"\xff"):
                return
            raise ImageError(f"{source}: the JPEG is cut off. {REMEDY}")
        start = found.start()
        filling += start - position
        if filling > _MAX_FILLING:
            raise ImageError(f"{source}: this JPEG holds far more than pixels. {REMEDY}")
        marker = data[start + 1]
        if marker == EOI:
            yield Segment(EOI, start, start + 2, start + 2, start + 2)
            return
        if marker == SOI:
            raise ImageError(f"{source}: a second JPEG begins inside the first. {REMEDY}")
        if marker in _ALONE:
            position = start + 2
            continue
        length = int.from_bytes(data[start + 2 : start + 4], "big")
        end = coded_end = start + 2 + length
        if end > len(data) or start + 4 > len(data):
            raise ImageError(f"{source}: the JPEG is cut off. {REMEDY}")
        if length < 2:
            raise ImageError(
                f"{source}: the JPEG is damaged (a segment with a length of {length}). {REMEDY}"
            )
        if marker == SOS:
            scanned = True
            after = _AFTER_CODED.search(data, end)
            coded_end = after.start() if after else len(data)
        yield Segment(marker, start, start + 4, end, coded_end)
        position = coded_end
        if position == len(data):
            if scanned:
                return
            raise ImageError(f"{source}: the JPEG is cut off. {REMEDY}")
    raise ImageError(f"{source}: this JPEG holds far more than pixels. {REMEDY}")


def end_of_picture(data: bytes, source: str = "image", start: int = 0) -> int:
    """The offset behind EOI: what follows is no part of the picture that begins at `start`."""
    end = len(data)
    for segment in segments(data, source, start):
        end = segment.coded_end
    return end


def packed(marker: int, data: bytes) -> bytes:
    """A segment as it stands in a file."""
    if len(data) > MAX_DATA:
        raise ValueError(f"{len(data)} bytes do not fit into one segment")
    return bytes((0xFF, marker)) + (len(data) + 2).to_bytes(2, "big") + data


def frame_name(marker: int) -> str:
    """What kind of coding an SOF stands for, for a message."""
    if marker in (0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF):
        return "arithmetic-coded"
    if marker == 0xC3:
        return "lossless"
    if marker in (0xC5, 0xC6, 0xC7):
        return "hierarchical"
    return "unknown"


def refuse_frame(marker: int, source: str) -> None:
    """Raise UnsupportedImageError unless an SOF is baseline, extended or progressive Huffman."""
    if marker not in (0xC0, 0xC1, 0xC2):
        kind = frame_name(marker)
        article = "an" if kind[0] in "aeiou" else "a"
        raise UnsupportedImageError(
            f"{source}: this is {article} {kind} JPEG, which is not supported. "
            "Save it as an ordinary JPEG or PNG with another program."
        )
