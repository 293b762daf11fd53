"""Check in memory that a protected video recovers, and how well."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proface.files.video.recover import flow_of, open_protected_video
from proface.files.video.recovered_frames import RecoveredFrame, recovered_frames
from proface.files.video.survey import Progress
from proface.keys import FaceKeys, Key, TrackKeys
from proface.media.video.planes import split
from proface.media.video.source import Frame, VideoInfo, open_video
from proface.models.store import ModelStore
from proface.pipeline.quality import LEAST_PSNR


@dataclass(frozen=True)
class TrackReport:
    """How one face of a video recovers.

    Attributes:
        n: the track's number.
        frames: how many of its frames were recovered.
        psnr: against the original, over all its frames, in dB; None without an original.
    """

    n: int
    frames: int
    psnr: float | None


@dataclass(frozen=True)
class VideoReport:
    """The outcome of `verify_video`.

    Attributes:
        tracks: one report each.
        outside: PSNR of the picture outside all faces, in dB; None without an original.
        fault: why the original should be kept, or None.
    """

    tracks: tuple[TrackReport, ...]
    outside: float | None = None
    fault: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON; infinite figures, of equal pixels, as null."""

        def figure(value: float | None) -> float | None:
            return None if value is None or math.isinf(value) else round(value, 2)

        tracks = [{"n": t.n, "frames": t.frames, "psnr": figure(t.psnr)} for t in self.tracks]
        return {"tracks": tracks, "outside": figure(self.outside), "fault": self.fault}


@dataclass
class _Sums:
    """Squared errors by track, and of the rest (0)."""

    error: dict[int, float] = field(default_factory=dict)
    samples: dict[int, int] = field(default_factory=dict)
    frames: dict[int, int] = field(default_factory=dict)

    def add(self, track: int, difference: NDArray[np.float32]) -> None:
        self.error[track] = self.error.get(track, 0.0) + float(np.sum(difference**2))
        self.samples[track] = self.samples.get(track, 0) + difference.size

    def psnr(self, track: int) -> float | None:
        if not self.samples.get(track):
            return None
        mean = self.error[track] / self.samples[track]
        return 10 * math.log10(255**2 / mean) if mean else math.inf


def verify_video(
    source: Path,
    key: Key | TrackKeys | FaceKeys,
    *,
    original: Path | None = None,
    models: ModelStore | None = None,
    progress: Progress | None = None,
) -> VideoReport:
    """Recover a protected video in memory and report on every face.

    Args:
        source: the protected video.
        key: as `recover_video`.
        original: the video that was protected, to compare with.
        models, progress: as `recover_video`.

    Raises:
        NotProtectedError, WrongPasswordError, DamagedFileError.
    """
    opened = open_protected_video(source, key)
    header = opened.file.header
    flow = flow_of(header, models)
    sums = _Sums()
    fault = None
    with open_video(source) as reader:
        found = recovered_frames(opened, reader, flow)
        if original is None:
            for done, one in enumerate(found, 1):
                _count(sums, one.windows)
                if progress is not None:
                    progress("picture", done, header.frames)
        else:
            with open_video(original) as source_reader:
                frames = source_reader.frames()
                for done, one in enumerate(found, 1):
                    frame = next(frames, None)
                    if frame is None or source_reader.info.size != header.size:
                        fault = f"{original} is another video: it has another size or length."
                        break
                    _compare(sums, one, frame, source_reader.info, lossless=flow is not None)
                    if progress is not None:
                        progress("picture", done, header.frames)
                if fault is None and next(frames, None) is not None:
                    fault = f"{original} is another video: it is longer."
    reports = tuple(
        TrackReport(track.n, sums.frames.get(track.n, 0), sums.psnr(track.n))
        for track in header.tracks
        if track.n in opened.keys
    )
    poor = [r for r in reports if r.psnr is not None and r.psnr < LEAST_PSNR]
    if fault is None and poor:
        fault = f"face {poor[0].n} recovers at only {poor[0].psnr:.1f} dB. Keep the original."
    return VideoReport(reports, sums.psnr(0), fault)


def _count(sums: _Sums, windows: Mapping[int, object]) -> None:
    for track in windows:
        sums.frames[track] = sums.frames.get(track, 0) + 1


def _compare(
    sums: _Sums, one: RecoveredFrame, frame: Frame, info: VideoInfo, *, lossless: bool
) -> None:
    """Add the errors of one frame. Brightness alone is compared where there is no RGB."""
    _count(sums, one.windows)
    if lossless:
        back, true = one.picture.astype(np.float32), frame.rgb(info).astype(np.float32)
    else:
        back = split(np.asarray(one.picture))[0].astype(np.float32)
        true = split(frame.i420(info))[0].astype(np.float32)
    difference = back - true
    rest = np.ones(difference.shape[:2], bool)
    for track, (box, mask) in one.windows.items():
        part = difference[box.slices]
        chosen = None if mask is None else mask.repeat(2, axis=0).repeat(2, axis=1)
        sums.add(track, part if chosen is None else part[chosen])
    for box in one.covered:
        rest[box.slices] = False
    sums.add(0, difference[rest])
