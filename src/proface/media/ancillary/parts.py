"""`Ancillary`: all that a file holds besides its main picture, as parts that can be put back."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from proface.errors import DamagedFileError
from proface.media.metadata import Metadata

# Together. A film behind a photo takes 2 to 10 MB; a header holds 64 MiB, in base64.
MOST_BYTES = 16 << 20
MOST_PARTS = 20_000
# The kind of a colour profile of grey levels, which a protected picture in colour cannot have.
PROFILE = "profile"
_FIELDS = {"format", "parts", "dropped", "converted"}
_LENGTH = 4  # bytes of the list's length


@dataclass(frozen=True)
class Part:
    """One part.

    name: for people: "comment", "motion photo video". kind: where its container puts it, such as
    "COM" or "before tEXt". data: as in the file.
    """

    name: str
    kind: str
    data: bytes


@dataclass(frozen=True)
class Ancillary:
    """The parts of one file.

    Attributes:
        format: the container they are from, as `media.formats.known_format` names it.
        parts: in the file's order.
        dropped: names of what is not among the parts, and so is lost.
        converted: what was changed in the main picture when it was read.
    """

    format: str = ""
    parts: tuple[Part, ...] = ()
    dropped: tuple[str, ...] = ()
    converted: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to seal and nothing to tell."""
        return not (self.parts or self.dropped or self.converted)

    @property
    def profile(self) -> bytes | None:
        """The colour profile that the protected picture could not have."""
        return next((part.data for part in self.parts if part.kind == PROFILE), None)

    @property
    def names(self) -> tuple[str, ...]:
        """What the parts are, each once; filling between parts has no name."""
        return tuple(dict.fromkeys(part.name for part in self.parts if part.name))

    def fitting(self) -> Ancillary:
        """Without the parts that a header has no room for; their names are in `dropped`."""
        room, dropped = MOST_BYTES, list(self.dropped)
        kept: list[Part] = []
        for part in self.parts:
            if len(part.data) <= room and len(kept) < MOST_PARTS:
                kept.append(part)
                room -= len(part.data)
            else:
                dropped.append(part.name)
        return replace(self, parts=tuple(kept), dropped=tuple(dict.fromkeys(dropped)))

    def all_dropped(self) -> Ancillary:
        """Without any part: where nothing can be sealed."""
        names = tuple(dict.fromkeys((*self.names, *self.dropped)))
        return replace(self, parts=(), dropped=names)

    def to_bytes(self) -> bytes:
        """Serialise for sealing: length, JSON, then the parts' bytes (docs/FORMAT.md)."""
        parts = [[part.name, part.kind, len(part.data)] for part in self.parts]
        head = json.dumps(
            {
                "format": self.format,
                "parts": parts,
                "dropped": list(self.dropped),
                "converted": list(self.converted),
            },
            sort_keys=True,
            separators=(",", ":"),
        ).encode("ascii")
        blobs = b"".join(part.data for part in self.parts)
        return len(head).to_bytes(_LENGTH, "big") + head + blobs

    @classmethod
    def from_bytes(cls, data: bytes) -> Ancillary:
        """Parse what `to_bytes` wrote; otherwise DamagedFileError."""
        end = _LENGTH + int.from_bytes(data[:_LENGTH], "big")
        try:
            head = json.loads(data[_LENGTH:end])
            if set(head) != _FIELDS or len(head["parts"]) > MOST_PARTS:
                raise ValueError
            parts, at = [], end
            for name, kind, length in head["parts"]:
                if type(length) is not int or not 0 <= length <= len(data) - at:
                    raise ValueError
                parts.append(Part(_text(name), _text(kind), data[at : at + length]))
                at += length
            if at != len(data):
                raise ValueError
            dropped, converted = (tuple(map(_text, head[key])) for key in ("dropped", "converted"))
            return cls(_text(head["format"]), tuple(parts), dropped, converted)
        except (ValueError, TypeError, KeyError, RecursionError):
            raise DamagedFileError(
                "The sealed parts of the original file are damaged. Use another copy."
            ) from None


def _text(value: Any) -> str:
    if type(value) is not str or len(value) > 200:
        raise ValueError
    return value


def names_of_all(metadata: Metadata, ancillary: Ancillary) -> tuple[str, ...]:
    """What there is besides the picture, each once: a TIFF may have EXIF among both."""
    return tuple(dict.fromkeys((*metadata.names, *ancillary.names)))
