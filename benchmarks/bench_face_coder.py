"""The face coder, with the robust model's repair, against whole AVIF files at equal bytes.

    python -m benchmarks.bench_face_coder DIR [DIR ...] [--count 24] [--cases 256:1024 512:9216]

Photos from below each folder, evenly chosen, scaled to a square. AVIF is Pillow's at speed 4, at
the best quality that fits; a face that it cannot fit at all counts in neither column. Decibels are
over the whole square and, after the stroke, weighted to its middle, where eyes and mouth are.
Seconds are of one core, to encode.
"""

from __future__ import annotations

import argparse
import io
import math
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from proface.codec import face_coder
from proface.models.robust import Robust
from proface.models.store import load_flow
from proface.types import Pixels

CASES = ("256:1024", "256:2765", "512:9216")


def photos(folder: Path, count: int) -> list[Path]:
    """Photos from below a folder, evenly chosen."""
    kinds = {".jpg", ".jpeg", ".png", ".webp"}
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in kinds)
    return [paths[i * len(paths) // count] for i in range(min(count, len(paths)))]


def square(path: Path, side: int) -> Pixels:
    with Image.open(path) as image:
        scaled = image.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
    return np.asarray(scaled)


def avif(pixels: Pixels, most: int) -> Pixels | None:
    """The picture after the best AVIF file of at most so many bytes, if one is that small."""
    fits, too_long, quantiser = -1, 64, 30  # libavif has 64
    best: io.BytesIO | None = None
    while too_long - fits > 1:
        file = io.BytesIO()
        quality = round(quantiser * 100 / 63)
        Image.fromarray(pixels).save(file, "AVIF", quality=quality, speed=4, max_threads=1)
        if file.tell() <= most:
            best, fits = file, quantiser
        else:
            too_long = quantiser
        guess = quantiser + math.floor(math.log(most / file.tell()) / 0.07)
        quantiser = min(max(guess, fits + 1), too_long - 1)
    return None if best is None else np.asarray(Image.open(best).convert("RGB"))


def decibels(
    pixels: Pixels, shown: Pixels, weights: npt.NDArray[np.float64] | None = None
) -> float:
    error = np.square(pixels.astype(np.float64) - shown).mean(-1)
    return float(10 * np.log10(255**2 / max(float(np.average(error, weights=weights)), 1e-9)))


def middle(side: int) -> npt.NDArray[np.float64]:
    bell: npt.NDArray[np.float64] = np.exp(
        -0.5 * np.square((np.arange(side) - (side - 1) / 2) / (side / 5))
    )
    return np.outer(bell, bell)


def main() -> None:
    """Print a row for each folder and case: AVIF, ours, the gain, seconds to encode."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=24, help="photos of each folder")
    parser.add_argument("--cases", nargs="*", default=CASES, metavar="SIDE:BYTES")
    options = parser.parse_args()
    robust = load_flow("robust")
    assert isinstance(robust, Robust)
    print("| set | side | bytes | AVIF, dB | ours, dB | gain, dB | seconds (worst) | faces |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for case in options.cases:
        side, length = map(int, case.split(":"))
        for folder in options.folders:
            rows, seconds = [], []
            for path in photos(folder, options.count):
                pixels = square(path, side)
                began = time.process_time()
                stream = face_coder.encode(pixels, length)
                seconds.append(time.process_time() - began)
                ours = robust.picture(stream, side, side)
                theirs = avif(pixels, length)
                if theirs is not None:
                    rows.append(
                        [
                            decibels(pixels, x, w)
                            for w in (None, middle(side))
                            for x in (theirs, ours)
                        ]
                    )
            a, b, c, d = np.mean(rows, axis=0) if rows else [np.nan] * 4
            print(
                f"| {folder.name} | {side} | {length} | {a:.2f} / {c:.2f} | {b:.2f} / {d:.2f} | "
                f"{b - a:+.2f} / {d - c:+.2f} | {np.mean(seconds):.2f} ({max(seconds):.2f}) | "
                f"{len(rows)} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
