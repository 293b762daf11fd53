"""Protect a video segment by segment; the second pass over its frames.

A segment is some seconds of film. Its frames are coded by an encoder of their own, and for each
face in it there is one chunk, so that a finished segment needs nothing of the others.
"""

from __future__ import annotations

import math
import os
from bisect import bisect_right
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from proface.container.video_chunk import SALT_BYTES, Chunk
from proface.container.video_header import MAX_CHUNKS, count_chunks
from proface.errors import CheckFailedError, ImageError, UsageError
from proface.files.video.sealed_faces import FIRST_QUANTISER, FaceFilm, least_psnr
from proface.files.video.survey import Progress, Survey, VideoTrack
from proface.files.video.work import PictureWriter, Secrets, Segments, Work
from proface.keys import TrackKey, seal
from proface.looks import Look
from proface.media.freed_memory import return_freed_memory
from proface.media.video.coding import Coding, SegmentEncoder
from proface.media.video.planes import I420
from proface.media.video.source import Frame, open_video
from proface.models.flow import Flow
from proface.options import Options
from proface.pipeline import video_pixels
from proface.pipeline.quality import LEAST_DRAFT, LEAST_PSNR, psnr
from proface.pipeline.video_cover import Cover, window_size, windows_of
from proface.pipeline.video_frames import owned, to_seal
from proface.types import Box

SEGMENT_SECONDS = 8
MOST_HELD = 144 << 20  # bytes of the faces' windows in a segment, kept until it is whole
_AT_ONCE = 2  # faces' films that are coded at a time: each takes memory
_CHECKED = 10  # every tenth frame's faces are compared with the original, with carry "pixels"


def segments_of(survey: Survey) -> list[tuple[int, int]]:
    """First frame and number of frames of each segment; shorter where faces are large or many.

    Raises:
        UsageError: there would be more chunks than a file may have.
    """
    size, total = survey.info.size, len(survey.pts)
    tracks = [(track.track.first, _region_sizes(track, size)) for track in survey.protected]

    def held_bytes(first: int, count: int) -> int:
        held = 0
        for start, sizes in tracks:
            inside = sizes[max(0, first - start) : max(0, first + count - start)]
            if len(inside):
                largest = inside.max(axis=0)
                w, h = window_size(int(largest[0]), int(largest[1]), size)
                held += len(inside) * w * h * 3 // 2
        return held

    longest = max(1, round(SEGMENT_SECONDS * survey.info.rate))
    found, first = [], 0
    while first < total:
        counts = range(1, min(longest, total - first) + 1)
        count = max(1, bisect_right(counts, MOST_HELD, key=partial(held_bytes, first)))
        found.append((first, count))
        first += count
    spans = [(track.track.first, track.track.last) for track in survey.protected]
    if count_chunks([first for first, _count in found], spans) > MAX_CHUNKS:
        raise UsageError("The video is too long for so many faces. Cut it, and protect each part.")
    return found


def _region_sizes(track: VideoTrack, size: tuple[int, int]) -> NDArray[np.int32]:
    """Width and height of what is covered in each frame of a track."""
    regions = [track.region(n, size) for n in range(track.track.first, track.track.last + 1)]
    return np.array([(box.w, box.h) for box in regions if box], np.int32)


class SegmentProtector:
    """Protects the segments that the work folder lacks.

    Attributes:
        worst_psnr: of the faces as they recover, per chunk or, with "pixels", per frame, in dB.
        segments, look, flow, work: as given; `flow` is for carry "pixels", else None.
        info, coding, check: of the video; of its picture; whether faces are compared.
        least_psnr: of sealed faces, in dB.
        quantisers: of each track, that of its last film, with which the next one begins.
        last_quantiser: of any track.
    """

    def __init__(
        self,
        survey: Survey,
        segments: Segments,
        options: Options,
        look: Look,
        flow: Flow | None,
        secrets: Secrets,
        work: Work,
        *,
        check: bool,
    ) -> None:
        self.look, self.flow, self.work = look, flow, work
        self.segments = segments
        self.worst_psnr = math.inf
        self.info, self.check = survey.info, check
        self.coding = Coding(lossless=flow is not None, crf=options.crf)
        self.least_psnr = least_psnr(options.crf)
        self.quantisers: dict[int, float] = {}
        self.last_quantiser = FIRST_QUANTISER
        self._survey, self._secrets = survey, secrets
        self._keys: dict[int, TrackKey] = {}

    def run(self, source: Path, progress: Progress | None) -> int:
        """Protect all segments; returns how many were there already.

        Raises:
            ImageError: the video differs from what the first pass saw.
            CheckFailedError: a face would recover badly.
        """
        there = [self.work.is_whole(number) for number in range(len(self.segments))]
        total = len(self._survey.pts)
        with open_video(source) as reader:
            frames = reader.frames()
            for number, (first, count) in enumerate(self.segments):
                current = None if there[number] else _Segment(self, number, first, count)
                for index in range(first, first + count):
                    frame = next(frames, None)
                    if frame is None or frame.pts != self._survey.pts[index]:
                        raise ImageError(
                            f"{source}: the video decodes differently each time. Convert it first."
                        )
                    if current is not None:
                        current.add(frame)
                    if progress is not None:
                        progress("picture", index + 1, total)
                if current is not None:
                    current.finish()
                    return_freed_memory()
        return sum(there)

    def key_of(self, track: int) -> TrackKey:
        """The key of a track."""
        if track not in self._keys:
            secrets = self._secrets
            self._keys[track] = TrackKey.derive(secrets.file_key, secrets.id, track)
        return self._keys[track]

    def regions(self, first: int, count: int) -> dict[int, tuple[int, list[Box]]]:
        """Of each protected track in a segment: the first frame there, and what is covered."""
        size = self._survey.info.size
        found = {}
        for track in self._survey.protected:
            frames = range(max(first, track.track.first), min(first + count, track.track.last + 1))
            regions = [track.region(frame, size) for frame in frames]
            if regions:
                found[track.n] = frames.start, [region for region in regions if region]
        return found

    def faces(self, frame: int) -> dict[int, Box]:
        """The boxes of the faces in a frame, by their track's number."""
        boxes = {track.n: track.track.at(frame) for track in self._survey.protected}
        return {n: box for n, box in boxes.items() if box is not None}

    def compared(self, track: int, psnr: float, least: float = LEAST_PSNR) -> None:
        """Take note of how well a face recovers, in dB, which must be at least so much.

        Raises:
            CheckFailedError: too badly.
        """
        self.worst_psnr = min(self.worst_psnr, psnr)
        if psnr < least:
            raise CheckFailedError(
                f"face {track} would recover at only {psnr:.1f} dB. Nothing was written."
            )


class _Segment:
    """One segment while its frames come in."""

    def __init__(self, run: SegmentProtector, number: int, first: int, count: int) -> None:
        self._run, self._number = run, number
        size = run.info.size
        regions = run.regions(first, count)
        self._windows = {n: (start, windows_of(of, size)) for n, (start, of) in regions.items()}
        self._salt = os.urandom(SALT_BYTES)
        self._encoder = SegmentEncoder(run.info, run.coding)
        self._context = run.work.pictures(number)
        self._writer: PictureWriter = self._context.__enter__()
        self._films: dict[int, FaceFilm] = {}
        if run.flow is None:
            for n, (_start, windows) in self._windows.items():
                self._films[n] = FaceFilm((windows[0].w, windows[0].h), run.least_psnr)
        faces = {
            n: [run.faces(start + index)[n] for index in range(len(of))]
            for n, (start, of) in regions.items()
        }
        self._cover = Cover(run.look, {n: of for n, (_, of) in regions.items()}, faces, size)

    def add(self, frame: Frame) -> None:
        windows = {
            n: windows[frame.index - first]
            for n, (first, windows) in self._windows.items()
            if 0 <= frame.index - first < len(windows)
        }
        faces = self._run.faces(frame.index)
        if self._run.flow is not None:
            picture = self._hidden(frame, windows, faces)
        else:
            original = frame.i420(self._run.info)
            picture = self._cover(original, windows, faces)
            for n, box in windows.items():
                face = Box(faces[n].x - box.x, faces[n].y - box.y, faces[n].w, faces[n].h)
                part = to_seal(original, picture, windows, n)
                self._films[n].add(part, face, owned(windows, n))
        self._writer.add(self._encoder.add(picture, frame.pts))

    def _hidden(self, frame: Frame, windows: Mapping[int, Box], faces: Mapping[int, Box]) -> I420:
        run = self._run
        flow = run.flow
        assert flow is not None
        original = frame.rgb(run.info)
        hidden = video_pixels.hide(
            original, windows, faces, run.look, flow, run.key_of, frame.index, self._salt
        )
        if run.check and frame.index % _CHECKED == 0 and windows:
            # By a draft, so that the verdict depends on no pad.
            back = video_pixels.reveal(
                hidden, windows, flow, run.key_of, frame.index, self._salt, draft=True
            )
            for n, box in windows.items():
                run.compared(n, psnr(back[box.slices], original[box.slices]), LEAST_DRAFT)
        return hidden

    def finish(self) -> None:
        # The encoder holds dozens of frames: it ends before those of the faces begin.
        self._writer.add(self._encoder.finish())
        del self._encoder
        films = self._coded()
        chunks = []
        for n, (first, windows) in sorted(self._windows.items()):
            size = windows[0].w, windows[0].h
            places = np.array([(box.x, box.y) for box in windows], np.int64)
            chunk = Chunk(n, self._number, first, size, places, self._salt)
            key = self._run.key_of(n).chunk_key(self._number)
            sealed = seal(key, films.get(n, b""), chunk.clear_bytes())
            chunks.append(chunk.to_bytes() + sealed)
        self._run.work.write_chunks(self._number, chunks)
        self._context.__exit__(None, None, None)

    def _coded(self) -> dict[int, bytes]:
        """The films of the faces, coded; none with carry "pixels"."""
        run, numbers = self._run, sorted(self._films)
        coded = {}
        # The first film of all tells the others where to begin.
        alone = [] if run.quantisers else numbers[:1]
        for together in (alone, numbers[len(alone) :]):
            films = [self._films.pop(n) for n in together]
            begin = [run.quantisers.get(n, run.last_quantiser) for n in together]
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                done = pool.map(FaceFilm.code, films, begin)
                films.clear()
                for n, film in zip(together, done, strict=True):
                    run.quantisers[n] = run.last_quantiser = film.quantiser
                    run.compared(n, film.psnr)
                    coded[n] = film.data
        return coded
