"""Measure videos: frames left open, speed beside deface, memory, sizes, quality.

    python -m benchmarks.bench_video open        20 clips, 10 % of detections dropped at random
    python -m benchmarks.bench_video speed       1080p, four faces; deface beside it if installed
    python -m benchmarks.bench_video memory      peak memory of a short and of a long clip
    python -m benchmarks.bench_video kills       a run killed at random times, again and again

Clips are generated: faces cut from scikit-image's astronaut over textured, moving backgrounds.
deface is run as its own command (`--deface PATH`); it is no dependency of proface.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.clips import face_path, four_faces, repeated, write_clip
from proface import Key, Options
from proface.files.video.protect import protect_video
from proface.files.video.recover import recover_video
from proface.files.video.survey import survey
from proface.files.video.verify import verify_video
from proface.types import Box, Face, Pixels

OPEN_PART = 0.05  # of a face's box
_PROFACE = (sys.executable, "-m", "proface")


def main() -> None:
    """Run one measurement and print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("what", choices=("open", "speed", "memory", "kills", "one"))
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--long", type=float, default=600.0)
    parser.add_argument("--count", type=int, default=20, help="clips of `open`, kills")
    parser.add_argument("--carry", default="sealed", choices=("sealed", "pixels"))
    parser.add_argument("--deface", help="the command of deface")
    parser.add_argument("--clip", type=Path, help="for `one`")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(_MEASUREMENTS[chosen.what](Path(folder), chosen)))


def _open(folder: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    """Frames in which a face lies open for more than 5 % of its box."""
    bad = frames = faces_seen = detected = 0
    for number in range(chosen.count):
        rng = random.Random(number)
        paths = [face_path(rng, (640, 360)) for _ in range(1 + number % 6)]
        clip = write_clip(folder / "clip.mp4", paths, 125, (640, 360), seed=number)
        found = survey(clip.path, Options(), detector=_Blinking(clip.faces, number))
        for index, faces in enumerate(clip.faces):
            regions = [t.region(index, (640, 360)) for t in found.tracks]
            shown = [_open_part(face, [r for r in regions if r]) > OPEN_PART for face in faces]
            bad, frames, faces_seen = bad + any(shown), frames + 1, faces_seen + len(faces)
        detected += found.detected
    return {
        "clips": chosen.count,
        "frames": frames,
        "faces": faces_seen,
        "frames in which a face lies open": bad,
        "part of frames in which faces were detected": round(detected / frames, 3),
    }


class _Blinking:
    """The true boxes of the frame at hand, of which a tenth is dropped at random."""

    def __init__(self, faces: Sequence[Sequence[Box]], seed: int) -> None:
        self._faces, self._seed = faces, seed

    def __call__(self, pixels: Pixels, _threshold: float) -> list[Face]:
        index = _frame_number(pixels)
        dropping = random.Random(f"{self._seed} {index}")  # the same in whichever order
        return [Face(box) for box in self._faces[index] if dropping.random() >= 0.1]


def _frame_number(pixels: Pixels) -> int:
    """The number that `write_clip` draws into the corner, in blocks of black and white."""
    bits = pixels[4:8, 4 : 4 + 12 * 12].mean(axis=(0, 2)).reshape(12, 12)[:, 3:9].mean(axis=1)
    return int(sum(1 << n for n, value in enumerate(bits) if value > 128))


def _open_part(face: Box, regions: Sequence[Box]) -> float:
    mask = np.zeros((face.h, face.w), bool)
    for box in regions:
        rows = slice(max(0, box.y - face.y), max(0, box.y + box.h - face.y))
        columns = slice(max(0, box.x - face.x), max(0, box.x + box.w - face.x))
        mask[rows, columns] = True
    return 1 - float(mask.mean())


def _speed(folder: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    clip = four_faces(folder / "clip.mp4", chosen.seconds)
    count, size = len(clip.faces), clip.path.stat().st_size
    told: dict[str, Any] = {"frames": len(clip.faces), "source bytes": size}
    key = Key.generate()
    output = folder / "out.mp4"
    start, used = time.perf_counter(), _cpu_seconds()
    result = protect_video(clip.path, output, key, Options(carry=chosen.carry))
    spent, own = time.perf_counter() - start, _cpu_seconds() - used
    told |= {
        "carry": chosen.carry,
        "tracks": len(result.tracks),
        "protect fps": round(count / spent, 2),
        "protect frames per CPU second": round(count / own, 2),
        "size ratio": round(output.stat().st_size / size, 3),
    }
    if chosen.deface:
        start, used = time.perf_counter(), _cpu_seconds()
        run = [chosen.deface, "--keep-audio", "-o", str(folder / "deface.mp4"), str(clip.path)]
        subprocess.run(run, check=True, capture_output=True)
        told["deface fps"] = round(count / (time.perf_counter() - start), 2)
        per_cpu = count / (_cpu_seconds() - used)
        told["deface frames per CPU second"] = round(per_cpu, 2)
        told["ratio by CPU seconds"] = round(count / own / per_cpu, 2)
        told["ratio"] = round(told["protect fps"] / told["deface fps"], 2)
    start = time.perf_counter()
    recover_video(output, folder / "back.mp4", key)
    told["recover fps"] = round(count / (time.perf_counter() - start), 2)
    report = verify_video(output, key, original=clip.path)
    figures = [track.psnr or math.inf for track in report.tracks]
    told["recovered dB in memory, worst face"] = round(min(figures), 2)
    told["outside dB"] = None if report.outside is None else round(min(report.outside, 999), 2)
    return told


def _cpu_seconds() -> float:
    """Of this process and the commands that it ran; on a busy machine fairer than the clock."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = [resource.getrusage(kind) for kind in kinds]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _memory(folder: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    """Peak memory of a run in a process of its own, of a clip and of its repetition."""
    short = four_faces(folder / "clip.mp4", chosen.seconds).path
    long = repeated(short, round(chosen.long / chosen.seconds), folder / "long.mp4")
    told = {}
    for seconds, clip in ((chosen.seconds, short), (chosen.long, long)):
        run = [sys.executable, "-m", "benchmarks.bench_video", "one", "--clip", str(clip)]
        out = subprocess.run(
            [*run, "--carry", chosen.carry], check=True, capture_output=True, text=True
        )
        told[f"{seconds:g} s"] = json.loads(out.stdout)
        print(f"{seconds:g} s: {told[f'{seconds:g} s']}", file=sys.stderr, flush=True)
    return told


def _one(folder: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    protect_video(chosen.clip, folder / "out.mp4", Key.generate(), Options(carry=chosen.carry))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"peak MB": round(peak / 1024)}


def _kills(folder: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    """Kill a command at random times and run it again, until it was killed so often."""
    rng = random.Random(0)
    paths = [face_path(rng, (320, 240))]
    clip = write_clip(folder / "clip.mp4", paths, 500, (320, 240))
    key, output, back = folder / "face.key", folder / "out.mp4", folder / "back.mp4"
    opened = Key.generate()
    opened.save(key)
    protect = [*_PROFACE, "protect", str(clip.path), "-o", str(output), "--key-file", str(key)]
    start = time.perf_counter()
    subprocess.run(protect, check=True, capture_output=True)  # without an interruption
    usual = time.perf_counter() - start
    whole = [(track.n, track.frames) for track in verify_video(output, opened).tracks]
    output.unlink()
    told = {"kills": 0, "finished runs": 0, "partial files": 0, "lost": 0, "left behind": 0}
    while told["kills"] < chosen.count:
        # Later than usual at times, so that runs that go on come to their end.
        run = subprocess.Popen(protect, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            code = run.wait(timeout=rng.uniform(0, 1.2 * usual))
        except subprocess.TimeoutExpired:
            run.kill()
            run.wait()
            told["kills"] += 1
            told["partial files"] += output.exists() and _lost(clip.path, output, opened, whole)
            output.unlink(missing_ok=True)
            continue
        told["finished runs"] += 1
        told["lost"] += code != 0 or _lost(clip.path, output, opened, whole)
        recover_video(output, back, opened)
        back.unlink()
        output.unlink()
        told["left behind"] += len(list(folder.iterdir())) - 2  # the clip and the key
    return told


def _lost(source: Path, output: Path, key: Key, whole: list[tuple[int, int]]) -> bool:
    """Whether a protected file lacks a frame of a face, or does not open."""
    report = verify_video(output, key, original=source)
    frames = [(track.n, track.frames) for track in report.tracks]
    return report.fault is not None or frames != whole


_MEASUREMENTS = {
    "open": _open,
    "speed": _speed,
    "memory": _memory,
    "kills": _kills,
    "one": _one,
}

if __name__ == "__main__":
    main()
