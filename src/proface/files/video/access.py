"""Read a protected video's header and chunks, check it, and open its key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from proface.container.video_chunk import Chunk
from proface.container.video_header import VideoHeader, picture_digest
from proface.container.video_records import Record, find_records
from proface.errors import DamagedFileError, NotProtectedError, WrongPasswordError, plural
from proface.files.access import errors_name
from proface.keys import Key, TrackKey, TrackKeys, open_stanzas, verify_header_mac
from proface.keys.track_keys import SHARED
from proface.media.video.mux import coded_pictures

VIDEO = "video"  # stands for the model in keys that no flow enters
METADATA = "metadata"  # the purpose and name of the sealed descriptions


@dataclass(frozen=True)
class VideoFile:
    """A protected video as read: its header, and where its chunks are.

    Attributes:
        path: of the file.
        header: as in the file.
        chunks: by segment and track number.
        changed: what is wrong with the file as far as it can be told without a key.
    """

    path: Path
    header: VideoHeader
    chunks: Mapping[tuple[int, int], Record]
    changed: tuple[str, ...] = ()

    def chunk(self, segment: int, track: int) -> Chunk:
        """Read a chunk.

        Raises:
            DamagedFileError: it is missing or altered.
        """
        record = self.chunks.get((segment, track))
        if record is None:
            raise DamagedFileError("it is missing")
        with open(self.path, "rb") as file:
            chunk = Chunk.from_bytes(record.read(file), self.header.size)
        whole = self.header.segments[segment]
        entry = self.header.track[track]
        first = max(whole.first, entry.first)
        count = min(whole.first + whole.frames - 1, entry.last) + 1 - first
        if (chunk.track, chunk.number) != (track, segment):
            raise DamagedFileError("it is in another's place")
        if (chunk.first, len(chunk.places)) != (first, count):
            raise DamagedFileError("it belongs to other frames")
        return chunk


def is_protected_video(path: Path) -> bool:
    """Whether a file has a header of a protected video. Raises DamagedFileError."""
    return any(record.type == b"head" for record in find_records(path))


def read_video_file(path: Path, *, check: bool = True) -> VideoFile:
    """Read a protected video's header, and find its chunks.

    Args:
        path: the file.
        check: compare the picture with the header's digests, which reads all of it.

    Raises:
        NotProtectedError: there is no header.
        DamagedFileError: the header is damaged.
    """
    records = find_records(path)
    heads = [record for record in records if record.type == b"head"]
    if not heads:
        raise NotProtectedError(
            f"{path}: no proface header found. It is not a protected video, or it was converted "
            "or cut by another program, which loses the faces: use the protected file itself."
        )
    with open(path, "rb") as file:
        data = {record.read(file) for record in heads}
    if len(data) > 1:
        raise DamagedFileError(f"{path}: it has two different headers. Use another copy.")
    header = VideoHeader.from_bytes(data.pop(), str(path))
    listed = header.chunks()
    found = [record for record in records if record.type == b"chnk"]
    chunks = dict(zip(listed, found, strict=False))
    changed = []
    if len(found) != len(listed):
        changed.append(f"{len(found)} sealed parts instead of {len(listed)}")
    if check:
        changed += _changed_pictures(path, header)
    return VideoFile(path, header, chunks, tuple(changed))


def _changed_pictures(path: Path, header: VideoHeader) -> Iterator[str]:
    """Which parts of the picture differ from the header's digests."""
    coded = coded_pictures(path)
    bad = []
    for number, segment in enumerate(header.segments):
        if picture_digest(coded, segment.frames) != segment.sha256:
            bad.append(number)
    if bad:
        yield f"the picture is altered or missing {', '.join(map(header.span, bad[:5]))}" + (
            f" and in {plural(len(bad) - 5, 'more part')}" if len(bad) > 5 else ""
        )
    elif next(coded, None) is not None:
        yield "the picture is longer than when it was protected"


@dataclass
class Opened:
    """A protected video and the keys that open some or all of its tracks.

    Attributes:
        file: the video.
        keys: by track number; `SHARED` (0) too if the file's key is there.
        file_key: 32 bytes, or None with keys of single faces.
        force: go on past damage.
        warnings: what was damaged, with `force`.
    """

    file: VideoFile
    keys: dict[int, TrackKey]
    file_key: bytes | None
    force: bool = False
    warnings: list[str] = field(default_factory=list)

    def tell(self, problem: str) -> None:
        """Raise DamagedFileError, or with `force` take note."""
        if not self.force:
            raise DamagedFileError(
                f"{self.file.path}: {problem}. Use another copy, or option `force` to recover "
                "what is possible."
            )
        if problem not in self.warnings:
            self.warnings.append(problem)


def open_video_file(file: VideoFile, key: Key | TrackKeys, *, force: bool = False) -> Opened:
    """Open a protected video's key and check its header.

    Raises:
        WrongPasswordError: the key does not open it.
        DamagedFileError: header or picture were altered, without `force`.
    """
    header, numbers = file.header, [track.n for track in file.header.tracks]
    if isinstance(key, TrackKeys):
        keys = {k.n: k for k in key.tracks if k.video == header.id and k.n in numbers}
        if not keys:
            raise WrongPasswordError(
                f"{file.path}: this key file opens {key.describe()} of another protected video. "
                "Give the key file that was exported from this one."
            )
        opened = Opened(file, keys, None, force)
    else:
        with errors_name(str(file.path)):
            file_key = open_stanzas(header.stanzas, key)
        keys = {n: TrackKey.derive(file_key, header.id, n) for n in (SHARED, *numbers)}
        opened = Opened(file, keys, file_key, force)
        try:
            mac = bytes.fromhex(header.mac or "")
            verify_header_mac(file_key, VIDEO, header.signed_bytes(), mac)
        except DamagedFileError:
            opened.tell("the header was altered since the video was protected")
    for problem in file.changed:
        opened.tell(problem)
    return opened
