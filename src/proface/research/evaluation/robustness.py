"""Robustness: PSNR recovered after a file was re-encoded, resized or given noise.

    python -m proface.research.evaluation.robustness --data DIR [DIR ...]

The protected image of 256 x 256 is transformed as listed and recovered with the right key, without
the digests that would refuse it. Lossless transformations must not change the result. Needs the
extra `evaluate`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from proface.looks import obfuscate
from proface.research.evaluation.images import find, load, round_trip
from proface.research.evaluation.methods import method
from proface.research.evaluation.metrics import psnr
from proface.research.evaluation.protected_files import noisy
from proface.types import Pixels


def _halved(p: Pixels) -> Pixels:
    small = cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, p.shape[1::-1], interpolation=cv2.INTER_CUBIC), np.uint8)


def _noisy(levels: float) -> Callable[[Pixels], Pixels]:
    return lambda p: noisy(p, levels / 127.5, 0)


def _jpeg(quality: int) -> Callable[[Pixels], Pixels]:
    return lambda p: round_trip(p, "JPEG", quality=quality)


TRANSFORMATIONS: dict[str, Callable[[Pixels], Pixels]] = {
    "PNG": round_trip,
    "PNG saved again, other filters": lambda p: round_trip(round_trip(p), optimize=True),
    "WebP lossless": lambda p: round_trip(p, "WEBP", lossless=True, exact=True),
    "metadata stripped, header from the sidecar": lambda p: round_trip(p.copy()),
    "JPEG 95": _jpeg(95),
    "JPEG 85": _jpeg(85),
    "JPEG 75": _jpeg(75),
    "half size and back": _halved,
    **{f"noise, sigma {level / 255 * 2:.3f} of [-1, 1]": _noisy(level) for level in (0.25, 0.5)},
    "noise, sigma 1 level": _noisy(1),
    "noise, sigma 2 levels": _noisy(2),
}


def main() -> None:
    """Print the mean recovered PSNR for each transformation and method."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--methods", nargs="+", default=["padded"])
    parser.add_argument("--look", default="blur:15")
    parser.add_argument("--most", type=int, default=40, help="images of each folder at most")
    options = parser.parse_args()
    images = [load(p, 256) for folder in options.data for p in find(folder, options.most)]
    ways = [method(name) for name in options.methods]
    print(f"{len(images)} images, {options.look}, recovered dB\n")
    print("| transformation | " + " | ".join(way.name for way in ways) + " |")
    print("| --- " * (len(ways) + 1) + "|")
    hidden = [[way.hide(x, obfuscate(x, options.look)) for x in images] for way in ways]
    for name, transform in TRANSFORMATIONS.items():
        cells = []
        for way, protected in zip(ways, hidden, strict=True):
            pairs = zip(images, protected, strict=True)
            scores = [psnr(x, round_trip(way.reveal(transform(p), key))) for x, (p, key) in pairs]
            cells.append(f"{np.mean(scores):.2f}")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
