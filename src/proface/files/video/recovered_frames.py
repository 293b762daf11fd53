"""Recover the frames of a protected video in memory, one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from proface.container.video_chunk import Chunk
from proface.errors import DamagedFileError
from proface.files.video.access import Opened
from proface.keys import unseal
from proface.keys.track_keys import SHARED
from proface.media.video.face_film import decode_faces
from proface.media.video.planes import I420
from proface.media.video.source import Frame, VideoInfo, VideoReader
from proface.models.flow import Flow
from proface.pipeline import video_pixels
from proface.pipeline.video_frames import Mask, owned, paste
from proface.types import Box, Pixels


@dataclass(frozen=True)
class RecoveredFrame:
    """One frame, recovered.

    Attributes:
        frame: as decoded from the protected video.
        picture: I420, or RGB with carry "pixels".
        windows: of the recovered tracks, with the pixels that are theirs (None: all).
        covered: all that was covered in the frame.
    """

    frame: Frame
    picture: I420 | Pixels
    windows: Mapping[int, tuple[Box, Mask | None]]
    covered: Sequence[Box] = ()


def recovered_frames(
    opened: Opened, reader: VideoReader, flow: Flow | None
) -> Iterator[RecoveredFrame]:
    """Decode the protected video and put the faces back, frame by frame.

    Raises:
        DamagedFileError: a chunk or the picture is damaged, without `force`.
    """
    header = opened.file.header
    info = reader.info
    if info.size != header.size:
        raise DamagedFileError(f"{opened.file.path}: the picture has another size. Use the file.")
    frames = reader.frames()
    for number, segment in enumerate(header.segments):
        streams = [_FaceReader(opened, number, track) for track in header.tracks_of[number]]
        for index in range(segment.first, segment.first + segment.frames):
            frame = next(frames, None)
            if frame is None:
                opened.tell(f"the picture ends {header.span(number)}")
                return
            yield _recovered(opened, frame, index, info, streams, flow)


class _FaceReader:
    """The windows of one track in one segment, and its pictures if there is a key."""

    def __init__(self, opened: Opened, number: int, track: int) -> None:
        self.track = track
        self.chunk: Chunk | None = None
        self._opened, self._number = opened, number
        self._pictures: Iterator[I420] = iter(())
        self.is_open = False
        header = opened.file.header
        try:
            chunk = opened.file.chunk(number, track)
            key = opened.keys.get(track)
            if key is not None:
                data = unseal(key.chunk_key(number), chunk.sealed, chunk.clear_bytes())
                self.is_open = True
            # Only now: the places in an altered chunk are not to be believed.
            self.chunk = chunk
        except DamagedFileError as error:
            if track in opened.keys or opened.file_key is not None:
                reason = str(error).rstrip(".")
                opened.tell(f"face {track} is damaged {header.span(number)} ({reason})")
            return
        if header.carry == "sealed" and self.is_open:
            self._pictures = decode_faces(data, chunk.size, len(chunk.places))

    def window(self, index: int) -> Box | None:
        """In a frame; None where the track is not."""
        if self.chunk is None or not 0 <= index - self.chunk.first < len(self.chunk.places):
            return None
        x, y = self.chunk.places[index - self.chunk.first].tolist()
        return Box(x, y, *self.chunk.size)

    def picture(self) -> I420 | None:
        """The next picture; None if they are damaged."""
        try:
            return next(self._pictures, None)
        except DamagedFileError as error:
            header = self._opened.file.header
            self.is_open = False
            self._opened.tell(
                f"face {self.track} is damaged {header.span(self._number)} ({error})".rstrip(".")
            )
            return None


def _recovered(
    opened: Opened,
    frame: Frame,
    index: int,
    info: VideoInfo,
    streams: list[_FaceReader],
    flow: Flow | None,
) -> RecoveredFrame:
    placed = {stream.track: stream.window(index) for stream in streams}
    windows = {track: box for track, box in placed.items() if box is not None}
    mine = {
        stream.track: (windows[stream.track], owned(windows, stream.track))
        for stream in streams
        if stream.is_open and stream.track in windows
    }
    if flow is not None:
        return _revealed(opened, frame, index, info, streams, windows, mine, flow)
    picture = frame.i420(info).copy()
    for stream in streams:
        if stream.track not in mine:
            continue
        part = stream.picture()
        if part is None:
            del mine[stream.track]
        else:
            paste(picture, part, *mine[stream.track])
    return RecoveredFrame(frame, picture, mine, tuple(windows.values()))


def _revealed(
    opened: Opened,
    frame: Frame,
    index: int,
    info: VideoInfo,
    streams: list[_FaceReader],
    windows: Mapping[int, Box],
    mine: dict[int, tuple[Box, Mask | None]],
    flow: Flow,
) -> RecoveredFrame:
    picture = frame.rgb(info)
    salt = next((s.chunk.salt for s in streams if s.chunk is not None and s.is_open), None)
    # All windows together tell which regions were merged: without one of them, none opens.
    if salt is None or any(stream.chunk is None for stream in streams):
        return RecoveredFrame(frame, picture, {}, tuple(windows.values()))
    usable = {n: key for n, key in opened.keys.items() if n == SHARED or n in mine}
    picture = video_pixels.reveal(picture, windows, flow, usable.get, index, salt)
    covered = [box for box, _n in video_pixels.regions_of(windows, info.size)]
    return RecoveredFrame(frame, picture, mine, covered)
