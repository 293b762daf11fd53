"""The few tags of EXIF and MPF that name what is inside a JPEG, read in bounded time."""

from __future__ import annotations

from dataclasses import dataclass

EXIF = b"Exif\x00\x00"
MPF = b"MPF\x00"
_NEXT_START, _NEXT_LENGTH = 0x0201, 0x0202
_MP_ENTRY = 0xB002
_MAX_TAGS = 512
_MAX_PICTURES = 64


@dataclass(frozen=True)
class Entry:
    """A picture of an MPF index: its kind, its length, and its offset from the index."""

    kind: int
    size: int
    offset: int


class Tiff:
    """A TIFF structure. What is damaged in it reads as not there."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._order = {b"II": "<", b"MM": ">"}.get(data[:2], "")
        self._first = self._number(4, 4) if self._order else 0

    def thumbnail(self) -> bytes:
        """The picture of the second directory; empty without."""
        second = self._number(self._first + 2 + 12 * self._number(self._first, 2), 4)
        tags = self._tags(second if self._first else 0)
        if _NEXT_START not in tags:
            return b""
        start = self._value(tags[_NEXT_START])
        length = self._value(tags[_NEXT_LENGTH]) if _NEXT_LENGTH in tags else 0
        return self.data[start : start + length]

    def pictures(self) -> list[Entry]:
        """The index of an MPF."""
        return [
            Entry(self._number(place, 4) & 0xFFFFFF, size, offset)
            for place, size, offset in self.picture_fields()
        ]

    def picture_fields(self) -> list[tuple[int, int, int]]:
        """Of each picture in an MPF index: where its entry stands, its size and its offset."""
        at = self._tags(self._first).get(_MP_ENTRY)
        if at is None:
            return []
        count = min(self._number(at + 4, 4) // 16, _MAX_PICTURES)
        start = self._number(at + 8, 4)
        return [
            (place, self._number(place + 4, 4), self._number(place + 8, 4))
            for place in range(start, start + 16 * count, 16)
            if place + 16 <= len(self.data)
        ]

    def packed(self, number: int) -> bytes:
        """A number of four bytes in this structure's order."""
        return number.to_bytes(4, "little" if self._order == "<" else "big")

    def _tags(self, offset: int) -> dict[int, int]:
        """Of a directory, where each tag's 12 bytes stand."""
        count = min(self._number(offset, 2), _MAX_TAGS) if offset else 0
        places = range(offset + 2, min(offset + 2 + 12 * count, len(self.data) - 11), 12)
        return {self._number(at, 2): at for at in places}

    def _value(self, at: int) -> int:
        """The value of a tag of one number of two bytes or four."""
        return self._number(at + 8, 2 if self._number(at + 2, 2) == 3 else 4)

    def _number(self, at: int, length: int) -> int:
        part = self.data[at : at + length]
        return int.from_bytes(part, "little" if self._order == "<" else "big")
