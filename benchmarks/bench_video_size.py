"""Measure what protecting a video costs in bytes, at equal quality, and where the bytes go.

    python -m benchmarks.bench_video_size --seconds 8       a generated clip: 1080p, four faces
    python -m benchmarks.bench_video_size --clip film.mp4   any clip; of one without faces, a part:
                                                            --region x,y,w,h

"At equal quality": the decoded source is coded again with nothing covered, by the same encoder,
at the constant rate factor at which its brightness is as near to the source's, in PSNR over the
whole picture, as that of the recovered film. To that film's bytes the source's sound is added.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from benchmarks.clips import four_faces
from proface import Key, Options
from proface.faces import parse_region
from proface.files.video.access import read_video_file
from proface.files.video.protect import ProtectedVideo, protect_video
from proface.files.video.recover import open_protected_video
from proface.files.video.recovered_frames import recovered_frames
from proface.media.video.coding import CodedPicture, Coding, SegmentEncoder
from proface.media.video.planes import i420, split
from proface.media.video.source import open_video
from proface.types import Box

CRFS = (14, 17, 20, 23, 26, 29, 32, 35)


@dataclass
class Errors:
    """Sums of squared errors by what they are of."""

    sums: dict[str, float] = field(default_factory=dict)
    samples: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, difference: NDArray[np.float32]) -> None:
        """Add the differences of one frame."""
        self.sums[name] = self.sums.get(name, 0.0) + float(np.sum(difference * difference))
        self.samples[name] = self.samples.get(name, 0) + difference.size

    def psnr(self, name: str) -> float:
        """In dB."""
        mean = self.sums[name] / max(1, self.samples[name])
        return 10 * math.log10(255**2 / mean) if mean else 999.0


def main() -> None:
    """Print the measurement as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--region", action="append", default=[])
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--crf", type=int, default=Options.crf)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = chosen.clip or four_faces(Path(folder) / "clip.mp4", chosen.seconds).path
        regions = [parse_region(text) for text in chosen.region]
        options = Options(crf=chosen.crf, regions=regions)
        print(json.dumps(measure(clip, Path(folder), options), indent=1))


def measure(clip: Path, folder: Path, options: Options) -> dict[str, Any]:
    """Sizes and qualities of a clip and its protected copy."""
    key, output = Key.generate(), folder / f"out{clip.suffix}"
    done = protect_video(clip, output, key, options)
    errors = _errors(clip, output, key, done)
    tracks = [track.n for track in done.tracks]
    sound = _stream_bytes(clip, "audio")
    size, source = output.stat().st_size, clip.stat().st_size
    plain = _plain_bytes(clip, errors.psnr("all"))
    chunks = read_video_file(output)
    sealed = [len(chunks.chunk(*place).sealed) for place in chunks.header.chunks()]
    return {
        "frames": len(done.survey.pts),
        "tracks": len(tracks),
        "bytes": {
            "source": source,
            "protected": size,
            "of it the picture": _stream_bytes(output, "video"),
            "of it sealed faces": sum(sealed),
            "of it sound": sound,
            "plain at equal quality": round(plain + sound),
        },
        "ratio to the source": round(size / source, 3),
        "ratio at equal quality": round(size / (plain + sound), 3),
        "dB": {
            "whole picture": round(errors.psnr("all"), 2),
            "outside": round(errors.psnr("outside"), 2),
            "worst window": round(min(errors.psnr(f"window {n}") for n in tracks), 2),
            "worst face box": round(min(errors.psnr(f"face {n}") for n in tracks), 2),
        },
    }


def _errors(clip: Path, output: Path, key: Key, done: ProtectedVideo) -> Errors:
    """Of the recovered frames against the decoded source."""
    errors = Errors()
    with open_video(clip) as source, open_video(output) as reader:
        recovered = recovered_frames(open_protected_video(output, key), reader, None)
        for frame, one in zip(source.frames(), recovered, strict=True):
            true = split(frame.i420(source.info))[0].astype(np.float32)
            difference = split(np.asarray(one.picture))[0] - true
            errors.add("all", difference)
            rest = np.ones(difference.shape, bool)
            for track in done.tracks:
                face = track.track.at(frame.index)
                if face is None:
                    continue
                box = one.windows[track.n][0]
                errors.add(f"window {track.n}", difference[box.slices])
                errors.add(f"face {track.n}", difference[_clipped(face, box).slices])
                rest[box.slices] = False
            errors.add("outside", difference[rest])
    return errors


def _clipped(face: Box, window: Box) -> Box:
    x, y = max(face.x, window.x), max(face.y, window.y)
    right, bottom = (
        min(face.x + face.w, window.x + window.w),
        min(face.y + face.h, window.y + window.h),
    )
    return Box(x, y, right - x, bottom - y)


def _plain_bytes(clip: Path, psnr: float) -> float:
    """What the picture takes if it is coded again, uncovered, at this quality."""
    found: list[tuple[float, float]] = []
    for crf in CRFS:
        found.append(_coded_again(clip, crf))
        if found[-1][0] < psnr:
            break
    found.sort()
    logarithms = np.log([size for _psnr, size in found])
    return float(np.exp(np.interp(psnr, [quality for quality, _size in found], logarithms)))


def _coded_again(clip: Path, crf: int) -> tuple[float, float]:
    """PSNR and bytes of the decoded source at a constant rate factor."""
    errors, size = Errors(), 0
    decoder: Any = av.CodecContext.create("h264", "r")
    waiting: dict[int, NDArray[np.float32]] = {}

    def compare(pictures: Iterator[Any]) -> None:
        for frame in pictures:
            errors.add("all", split(i420(frame))[0] - waiting.pop(frame.pts))

    def decoded(coded: list[CodedPicture]) -> Iterator[Any]:
        for one in coded:
            packet = av.Packet(one.data)
            packet.pts = one.pts
            yield from decoder.decode(packet)

    with open_video(clip) as reader:
        encoder = SegmentEncoder(reader.info, Coding(crf=crf))
        for frame in reader.frames():
            picture = frame.i420(reader.info)
            waiting[frame.pts] = split(picture)[0].astype(np.float32)
            coded = encoder.add(picture, frame.pts)
            size += sum(len(one.data) for one in coded)
            compare(decoded(coded))
        coded = encoder.finish()
        size += sum(len(one.data) for one in coded)
        compare(decoded(coded))
        compare(decoder.decode(None))
    return errors.psnr("all"), size


def _stream_bytes(path: Path, kind: str) -> int:
    with av.open(str(path)) as container:
        return sum(packet.size for packet in container.demux() if packet.stream.type == kind)


if __name__ == "__main__":
    main()
