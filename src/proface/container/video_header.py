"""`VideoHeader`: how a video was protected, and how to get to its key (docs/FORMAT.md, 14)."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import Any, Literal

from proface.container import header_fields as fields
from proface.container.canonical_json import canonical_json, parse_canonical
from proface.container.header_fields import Damaged
from proface.container.video_records import MAX_RECORDS
from proface.media import base64_text

FORMAT, VERSION = "proface video", 1
MAX_FRAMES = 100_000_000
MAX_SEGMENTS = MAX_TRACKS = 100_000
MAX_CHUNKS = MAX_RECORDS - 1  # the header is a record too
ID_BYTES = 16
_FIELDS = {
    *("checksum", "format", "mac", "version", "carry", "model", "look", "pixel_format", "size"),
    *("frames", "segments", "tracks", "id", "stanzas", "sealed"),
}


@dataclass(frozen=True)
class Segment:
    """Some seconds of film: its first frame, its frames, start and end in ms, its digest.

    sha256: hex digest of the coded frames (`picture_digest`).
    """

    first: int
    frames: int
    start_ms: int
    end_ms: int
    sha256: str


@dataclass(frozen=True)
class TrackEntry:
    """One protected face: its number, first and last frame, and their times in ms."""

    n: int
    first: int
    last: int
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class VideoHeader:
    """Everything that recovery needs besides the chunks, and nothing private.

    Attributes:
        carry: "sealed" or "pixels".
        model_name, model_sha256: the flow of "pixels"; empty for "sealed".
        look: what is shown instead of faces.
        pixel_format: of the sealed pictures, yuv420p or yuvj420p.
        size: width and height of the picture.
        frames: how many there are.
        segments, tracks: see there; disjoint and in order.
        id: 16 random bytes.
        stanzas: as in a photo's header.
        sealed: name -> sealed bytes ("metadata").
        mac: 32 bytes in hex, or None.
    """

    carry: Literal["sealed", "pixels"]
    model_name: str
    model_sha256: str
    look: str
    pixel_format: Literal["yuv420p", "yuvj420p"]
    size: tuple[int, int]
    frames: int
    segments: tuple[Segment, ...]
    tracks: tuple[TrackEntry, ...]
    id: bytes
    stanzas: Sequence[Mapping[str, Any]] = ()
    sealed: Mapping[str, bytes] = field(default_factory=dict)
    mac: str | None = None

    def signed_bytes(self) -> bytes:
        """The input of MAC and checksum: the canonical JSON without `mac` and `checksum`."""
        return canonical_json(self._body())

    def with_mac(self, mac: bytes) -> VideoHeader:
        """Copy the header with its MAC of 32 bytes."""
        return replace(self, mac=mac.hex())

    def to_bytes(self) -> bytes:
        """Encode as canonical JSON."""
        checksum = hashlib.sha256(self.signed_bytes()).hexdigest()[:16]
        return canonical_json({**self._body(), "checksum": checksum, "mac": self.mac})

    def chunks(self) -> list[tuple[int, int]]:
        """Segment and track number of every chunk, in the order of the file."""
        return [(n, track) for n, tracks in enumerate(self.tracks_of) for track in tracks]

    @cached_property
    def tracks_of(self) -> list[list[int]]:
        """For each segment the numbers of its tracks, in order."""
        found: list[list[int]] = [[] for _ in self.segments]
        firsts = [segment.first for segment in self.segments]
        for track in self.tracks:
            for number in _segments_of(firsts, track.first, track.last):
                found[number].append(track.n)
        return found

    @cached_property
    def track(self) -> Mapping[int, TrackEntry]:
        """The tracks by their numbers."""
        return {track.n: track for track in self.tracks}

    def span(self, number: int) -> str:
        """The time of a segment, for messages: "from 4.0 s to 8.0 s"."""
        segment = self.segments[number]
        return f"from {segment.start_ms / 1000:.1f} s to {segment.end_ms / 1000:.1f} s"

    def _body(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "version": VERSION,
            "carry": self.carry,
            "model": {"name": self.model_name, "sha256": self.model_sha256},
            "look": self.look,
            "pixel_format": self.pixel_format,
            "size": list(self.size),
            "frames": self.frames,
            "segments": [list(vars(segment).values()) for segment in self.segments],
            "tracks": [list(vars(track).values()) for track in self.tracks],
            "id": base64_text.encode(self.id),
            "stanzas": [dict(stanza) for stanza in self.stanzas],
            "sealed": {name: base64_text.encode(data) for name, data in self.sealed.items()},
        }

    @classmethod
    def from_bytes(cls, data: bytes, source: str) -> VideoHeader:
        """Parse an untrusted header and check every field.

        Raises:
            DamagedFileError: it is anything that `to_bytes` does not write.
        """
        damaged = Damaged(source)
        value = parse_canonical(data, damaged)
        fields.check_format(value, FORMAT, VERSION, damaged)
        fields.keys(value, _FIELDS, "header", damaged)
        body = {key: part for key, part in value.items() if key not in ("checksum", "mac")}
        checksum = hashlib.sha256(canonical_json(body)).hexdigest()[:16]
        if value["checksum"] != checksum:
            raise damaged("checksum", "does not match its content")
        model = fields.keys(value["model"], {"name", "sha256"}, "model", damaged)
        carry: Literal["sealed", "pixels"] = fields.choice(
            value["carry"], ("sealed", "pixels"), "carry", damaged
        )
        if carry == "pixels":
            fields.name(model["name"], "model name", damaged)
            fields.hexadecimal(model["sha256"], 32, "model sha256", damaged)
        elif model != {"name": "", "sha256": ""}:
            raise damaged("model", "is not empty")
        frames = fields.integer(value["frames"], 1, MAX_FRAMES, "frames", damaged)
        identity = fields.base64_bytes(value["id"], "id", damaged)
        if len(identity) != ID_BYTES:
            raise damaged("id", f"is not {ID_BYTES} bytes")
        stanzas = fields.items(value["stanzas"], 1, 32, "stanzas", damaged)
        segments = _segments(value["segments"], frames, damaged)
        tracks = _tracks(value["tracks"], frames, damaged)
        spans = [(track.first, track.last) for track in tracks]
        if count_chunks([segment.first for segment in segments], spans) > MAX_CHUNKS:
            raise damaged("tracks", "are too many")
        return cls(
            carry=carry,
            model_name=model["name"],
            model_sha256=model["sha256"],
            look=fields.name(value["look"], "look", damaged),
            pixel_format=fields.choice(
                value["pixel_format"], ("yuv420p", "yuvj420p"), "pixel_format", damaged
            ),
            size=fields.size(value["size"], damaged),
            frames=frames,
            segments=segments,
            tracks=tracks,
            id=identity,
            stanzas=tuple(fields.opaque(stanza, "stanza", damaged) for stanza in stanzas),
            sealed=fields.sealed(value["sealed"], damaged),
            mac=fields.hexadecimal(value["mac"], 32, "mac", damaged),
        )


def count_chunks(firsts: Sequence[int], tracks: Iterable[tuple[int, int]]) -> int:
    """How many chunks a video has: one for each track in each of its segments.

    Args:
        firsts: the first frame of each segment, ascending.
        tracks: the first and the last frame of each.
    """
    return sum(len(_segments_of(firsts, first, last)) for first, last in tracks)


def _segments_of(firsts: Sequence[int], first: int, last: int) -> range:
    """The numbers of the segments that a track is in."""
    return range(bisect_right(firsts, first) - 1, bisect_right(firsts, last))


def _segments(value: Any, frames: int, damaged: Damaged) -> tuple[Segment, ...]:
    found: list[Segment] = []
    next_frame = 0
    for item in fields.items(value, 1, MAX_SEGMENTS, "segments", damaged):
        *numbers, digest = fields.items(item, 5, 5, "segment", damaged)
        first, count, start, end = (
            fields.integer(number, 0, 1 << 52, "segment", damaged) for number in numbers
        )
        if first != next_frame or count < 1:
            raise damaged("segments", "do not follow each other")
        next_frame += count
        digest = fields.hexadecimal(digest, 32, "segment's sha256", damaged)
        found.append(Segment(first, count, start, end, digest))
    if next_frame != frames:
        raise damaged("segments", "do not cover the video")
    return tuple(found)


def _tracks(value: Any, frames: int, damaged: Damaged) -> tuple[TrackEntry, ...]:
    found: list[TrackEntry] = []
    for item in fields.items(value, 1, MAX_TRACKS, "tracks", damaged):
        numbers = fields.items(item, 5, 5, "track", damaged)
        n, first, last, start, end = (
            fields.integer(number, 0, 1 << 52, "track", damaged) for number in numbers
        )
        if n < 1 or (found and n <= found[-1].n) or not first <= last < frames:
            raise damaged("tracks", "are not in order, or outside the video")
        found.append(TrackEntry(n, first, last, start, end))
    return tuple(found)


def picture_digest(coded: Iterator[bytes], count: int) -> str:
    """SHA-256, hex, of the next `count` coded frames: of each 8 bytes of length, and its bytes."""
    digest = hashlib.sha256()
    for data in islice(coded, count):
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()
