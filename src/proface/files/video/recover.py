"""Recover a protected video; export the keys of single faces."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from proface.container.video_header import VideoHeader
from proface.errors import DamagedFileError, UsageError, numbered
from proface.files.video.access import METADATA, VIDEO, Opened, open_video_file, read_video_file
from proface.files.video.recovered_frames import recovered_frames
from proface.files.video.survey import Progress
from proface.keys import FaceKeys, Key, TrackKey, TrackKeys, derive, unseal
from proface.media.atomic_output import atomic_output
from proface.media.video.coding import CodedPicture, Coding, SegmentEncoder
from proface.media.video.formats import output_kind
from proface.media.video.mux import write_video
from proface.media.video.source import open_container, open_video
from proface.models.flow import Flow
from proface.models.store import ModelStore


@dataclass(frozen=True)
class RecoveredVideo:
    """The outcome of `recover_video`.

    Attributes:
        header: of the protected video.
        opened: the numbers of the recovered tracks; None if it was all of them.
        closed: the numbers of those that are still protected.
        warnings: what was damaged, with `force`.
    """

    header: VideoHeader
    opened: tuple[int, ...] | None
    closed: tuple[int, ...]
    warnings: tuple[str, ...] = ()


def recover_video(
    source: Path,
    output: Path,
    key: Key | TrackKeys | FaceKeys,
    *,
    force: bool = False,
    models: ModelStore | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> RecoveredVideo:
    """Put the faces of a protected video back and write it.

    The picture is coded again, at a quantiser that keeps what is there; of carry "pixels" without
    any loss. Sound, subtitles and chapters are copied, and descriptions come back.

    Args:
        source: the protected video.
        output: .mp4 or .mkv, of the same kind.
        key: a password or key file that opens it, or keys of single faces.
        force: recover what is possible of an altered file; see `warnings`.
        models: loads the flow of carry "pixels".
        overwrite: replace an existing output.
        progress: is told of every frame.

    Raises:
        NotProtectedError, WrongPasswordError, DamagedFileError, OutputExistsError, OutputError.
    """
    opened = open_protected_video(source, key, force=force)
    header = opened.file.header
    flow = flow_of(header, models)
    coding = Coding(lossless=flow is not None, crf=None)
    metadata = _metadata(opened)
    with open_video(source) as reader:
        times = _times(source)
        encoder = SegmentEncoder(reader.info, coding)

        def coded() -> Iterator[CodedPicture]:
            for done, one in enumerate(recovered_frames(opened, reader, flow), 1):
                yield from encoder.add(one.picture, one.frame.pts)
                if progress is not None:
                    progress("picture", done, header.frames)
            yield from encoder.finish()

        mode = os.stat(source).st_mode & 0o666  # as private as the protected file
        with atomic_output(output, overwrite=overwrite, mode=mode) as temporary:
            write_video(
                temporary,
                output_kind(output),
                source,
                reader.info,
                coding,
                coded(),
                times,
                metadata,
            )
    return _outcome(opened)


def open_protected_video(
    source: Path, key: Key | TrackKeys | FaceKeys, *, force: bool = False
) -> Opened:
    """Read a protected video and open it; raises as `recover_video`."""
    if isinstance(key, FaceKeys):
        raise UsageError(f"{source}: this key file opens faces of photos, not of videos.")
    return open_video_file(read_video_file(source), key, force=force)


def flow_of(header: VideoHeader, models: ModelStore | None) -> Flow | None:
    """The flow of carry "pixels", else None. Raises ModelError."""
    if header.carry == "sealed":
        return None
    return (models or ModelStore()).find(header.model_name, header.model_sha256, "random")


def _outcome(opened: Opened) -> RecoveredVideo:
    header = opened.file.header
    numbers = tuple(track.n for track in header.tracks)
    if opened.file_key is not None:
        return RecoveredVideo(header, None, (), tuple(opened.warnings))
    mine = tuple(n for n in numbers if n in opened.keys)
    closed = tuple(n for n in numbers if n not in opened.keys)
    return RecoveredVideo(header, mine, closed, tuple(opened.warnings))


def _times(source: Path) -> list[int]:
    """The times of all frames, from their packets."""
    with open_container(source) as container:
        packets = container.demux(container.streams.video[0])
        return sorted(packet.pts for packet in packets if packet.size)


def _metadata(opened: Opened) -> dict[str, str]:
    """The descriptions that were sealed."""
    sealed = opened.file.header.sealed.get(METADATA)
    if sealed is None or opened.file_key is None:
        return {}
    try:
        found = json.loads(unseal(derive(opened.file_key, METADATA, model=VIDEO), sealed))
    except (DamagedFileError, ValueError):
        opened.tell("the sealed descriptions (place, time, camera) are damaged")
        return {}
    return {str(name): str(text) for name, text in found.items()}


def export_tracks(source: Path, key: Key, faces: list[int]) -> TrackKeys:
    """Derive the keys of some faces of a protected video.

    Raises:
        UsageError: a face does not exist.
        WrongPasswordError, DamagedFileError, NotProtectedError: as `recover_video`.
    """
    opened = open_video_file(read_video_file(source), key)
    known = [track.n for track in opened.file.header.tracks]
    for n in faces:
        if n not in known:
            numbers = numbered("face", known)
            raise UsageError(f"{source}: there is no face {n}. The file has {numbers}.")
    assert opened.file_key is not None
    video = opened.file.header.id
    return TrackKeys([TrackKey.derive(opened.file_key, video, n) for n in faces])
