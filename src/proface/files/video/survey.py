"""Find the faces of a video, linked to tracks; the first of two passes over its frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from proface.faces import POSSIBLE, detect, embed, regions_for
from proface.faces.tracks import Linker, Track
from proface.files.access import errors_name
from proface.files.video.searched import Searched
from proface.media.video.source import Frame, VideoInfo, open_video
from proface.options import Options
from proface.pipeline.people import Embedding, People
from proface.pipeline.regions import check_inside
from proface.types import Box, Face, Pixels

DETECTION_SIDE = 960  # pixels of the longer side of the picture in which faces are detected
DETECTIONS_PER_SECOND = 6  # where every face is found again where it was
_AT_ONCE = 2  # pictures that are searched at a time
_AHEAD = 2  # searches that begin before what they follow is settled
_RECOGNISED = 8  # detections of a track that are recognised, at most
_THUMBNAIL = 112  # pixels

# Stage ("faces" or "picture"), frames done, frames in total (0 if unknown).
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class VideoTrack:
    """A face of a video, or a region given by hand.

    Attributes:
        n: its number, from 1, by first appearance.
        track: its boxes.
        left_out: whether it stays unprotected.
        expand: how far its region extends beyond the box.
        thumbnail: its best view, where one was asked for.
    """

    n: int
    track: Track
    left_out: bool = False
    expand: float = 0.0
    thumbnail: Pixels | None = field(default=None, repr=False)

    def region(self, frame: int, size: tuple[int, int]) -> Box | None:
        """What is covered in a frame; None where the track is not."""
        box = self.track.at(frame)
        return None if box is None else regions_for([box], size, expand=self.expand, align=2)[0]


@dataclass(frozen=True)
class Survey:
    """What the first pass found.

    Attributes:
        info: of the video.
        pts: int, the time of each frame in units of `info.time_base`.
        tracks: all of them, those left out too.
        broken: packets that could not be decoded.
        detected: frames in which faces were detected, not only interpolated.
    """

    info: VideoInfo
    pts: NDArray[np.int64]
    tracks: tuple[VideoTrack, ...]
    broken: int = 0
    detected: int = 0

    @property
    def protected(self) -> list[VideoTrack]:
        """The tracks to protect."""
        return [track for track in self.tracks if not track.left_out]

    def seconds(self, frame: int) -> float:
        """When a frame is shown, counted from the first one."""
        return float((self.pts[frame] - self.pts[0]) * self.info.time_base)


def survey(
    path: Path,
    options: Options,
    people: People | None = None,
    *,
    thumbnails: bool = False,
    searched: Searched | None = None,
    progress: Progress | None = None,
    detector: Callable[[Pixels, float], Sequence[Face]] | None = None,
) -> Survey:
    """Decode a video once and find its faces.

    Faces are detected in a picture of at most 960 pixels, a few times a second; where a face is
    not found again close to where it was, also between, down to every frame.

    Args:
        path: the video.
        options: threshold, expand, skip, regions, detect.
        people: whom to leave out.
        thumbnails: keep the best view of each track.
        searched: what was found before, which is not searched again; the rest is added.
        progress: is told of every frame.
        detector: finds faces in upright RGB pixels with a threshold; called by two threads.
            `detect` by default.

    Raises:
        UsageError: a region given by hand is outside the picture.
        ImageError, UnsupportedImageError, MissingExtraError.
    """
    with open_video(path) as reader, ThreadPoolExecutor(_AT_ONCE) as pool:
        with errors_name(str(path)):
            check_inside(options.regions, reader.info.size)
        finder = _Finder(
            reader.info,
            options,
            people or People(),
            searched or Searched(),
            detector or _detect,
            pool,
            thumbnails=thumbnails,
        )
        for frame in reader.frames():
            finder.add(frame)
            if progress is not None:
                progress("faces", frame.index + 1, max(reader.info.frames, frame.index + 1))
        return finder.finish(reader.broken)


def _detect(pixels: Pixels, threshold: float) -> Sequence[Face]:
    return detect(pixels, threshold=threshold)


class _Finder:
    """Detects and links faces, with a few frames in hand."""

    def __init__(
        self,
        info: VideoInfo,
        options: Options,
        people: People,
        searched: Searched,
        detector: Callable[[Pixels, float], Sequence[Face]],
        pool: Executor,
        *,
        thumbnails: bool,
    ) -> None:
        self._info, self._options, self._people = info, options, people
        self._searched, self._detector, self._pool = searched, detector, pool
        self._thumbnails = thumbnails
        self._linker = Linker()
        self._stride = max(1, round(info.rate / DETECTIONS_PER_SECOND))
        self._waiting: list[Frame] = []
        self._begun: deque[tuple[list[Frame], Future[Sequence[Face]]]] = deque()
        self._pts: list[int] = []
        self._seen: dict[int, list[Embedding]] = {}
        self._looked: dict[int, int] = {}
        self._best: dict[int, tuple[float, Pixels]] = {}

    def add(self, frame: Frame) -> None:
        self._pts.append(frame.pts)
        if not self._options.detect:
            return
        self._waiting.append(frame)
        if frame.index == 0 or len(self._waiting) == self._stride:
            self._search_last()
            if len(self._begun) > _AHEAD:
                self._settle_first()
                self._searched.save_at_times()

    def finish(self, broken: int) -> Survey:
        if self._waiting:
            self._search_last()
        while self._begun:
            self._settle_first()
        times = [(pts - self._pts[0]) * float(self._info.time_base) for pts in self._pts]
        tracks = [
            VideoTrack(
                n,
                track,
                n in self._options.skip or self._people.is_left_out(self._seen.get(n - 1, [])),
                self._options.expand,
                self._best.get(n - 1, (0.0, None))[1],
            )
            for n, track in enumerate(self._linker.tracks(times, self._info.size), 1)
        ]
        for box in self._options.regions:
            boxes = np.tile(np.array([box.x, box.y, box.w, box.h]), (len(times), 1))
            still = Track(0, boxes, (0, len(times) - 1), 0)
            tracks.append(VideoTrack(len(tracks) + 1, still))
        pts = np.array(self._pts, np.int64)
        return Survey(self._info, pts, tuple(tracks), broken, len(self._searched.faces))

    def _search_last(self) -> None:
        """Begin to detect in the last of the frames in hand."""
        frames, self._waiting = self._waiting, []
        self._begun.append((frames, self._search(frames[-1])))

    def _settle_first(self) -> None:
        """Settle those frames that are searched first, when that is done."""
        frames, found = self._begun.popleft()
        self._settle(frames, found.result())

    def _settle(self, frames: Sequence[Frame], faces: Sequence[Face]) -> None:
        """Observe the last of some frames, whose faces are given.

        Where they are not those of the frame before, close to where they were, detect in the middle
        as well, and so on: down to every frame.
        """
        *between, last = frames
        if between and not self._linker.holds(self._time(last), faces):
            half = (len(between) + 1) // 2
            self._settle(between[:half], self._search(between[half - 1]).result())
            self._settle(frames[half:], faces)
        else:
            self._observe(last, faces)

    def _search(self, frame: Frame) -> Future[Sequence[Face]]:
        return self._pool.submit(self._faces, frame)

    def _faces(self, frame: Frame) -> Sequence[Face]:
        if frame.index in self._searched.faces:
            return self._searched.faces[frame.index]
        pixels, scale = frame.small(self._info, DETECTION_SIDE)
        options = self._options
        least = min(options.threshold, POSSIBLE) if options.careful else options.threshold
        found = self._detector(pixels, least)
        faces = [_scaled(face, 1 / scale) for face in found]
        self._searched.faces[frame.index] = faces
        return faces

    def _observe(self, frame: Frame, faces: Sequence[Face]) -> None:
        owners = self._linker.observe(frame.index, self._time(frame), faces)
        pixels: Pixels | None = None
        for face, owner in zip(faces, owners, strict=True):
            count = self._looked[owner] = self._looked.get(owner, 0) + 1
            value = face.score * face.box.w * face.box.h
            better = self._thumbnails and value > 1.2 * self._best.get(owner, (0.0,))[0]
            # The first detections, then ever fewer: a face may turn towards the camera later.
            wanted = bool(self._people) and (count < 4 or count & (count - 1) == 0)
            wanted = wanted and len(self._seen.get(owner, [])) < _RECOGNISED
            if (better or wanted) and pixels is None:
                pixels = frame.rgb(self._info)
            if better and pixels is not None:
                self._best[owner] = value, _thumbnail(pixels, face.box)
            if wanted and pixels is not None:
                self._seen.setdefault(owner, []).append(embed(pixels, face))

    def _time(self, frame: Frame) -> float:
        return (frame.pts - self._pts[0]) * float(self._info.time_base)


def _thumbnail(pixels: Pixels, box: Box) -> Pixels:
    import cv2

    x, y = max(0, box.x - box.w // 4), max(0, box.y - box.h // 4)
    part = pixels[y : box.y + box.h + box.h // 4, x : box.x + box.w + box.w // 4]
    scale = _THUMBNAIL / max(part.shape[:2])
    size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA))


def _scaled(face: Face, scale: float) -> Face:
    """A face in a picture that is larger by a factor; its box rounded outwards."""
    box = face.box
    x, y = int(box.x * scale), int(box.y * scale)
    right, bottom = -int(-(box.x + box.w) * scale // 1), -int(-(box.y + box.h) * scale // 1)
    marks = tuple((a * scale, b * scale) for a, b in face.landmarks)
    return Face(Box(x, y, right - x, bottom - y), face.score, marks)
