"""What comes back after what happens to files on their way.

    python -m proface.evaluation.journeys --data DIR [DIR ...]         (needs the extra `evaluate`)

The protected image at 256 x 256 is changed as listed and recovered from the changed file with the
right key, past the digests that would refuse it. Lossless ways must change nothing; what lossy ones
leave is reported as it is.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from proface.evaluation.images import Pixels, find, load, saved
from proface.evaluation.methods import method
from proface.evaluation.metrics import psnr
from proface.obfuscators import obfuscate


def _halved(p: Pixels) -> Pixels:
    small = cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, p.shape[1::-1], interpolation=cv2.INTER_CUBIC), np.uint8)


def _noisy(sigma: float) -> Callable[[Pixels], Pixels]:
    def add(p: Pixels) -> Pixels:
        noise = np.random.default_rng(0).normal(0, sigma, p.shape)
        return np.asarray(np.clip(np.rint(p + noise), 0, 255), np.uint8)

    return add


def _jpeg(quality: int) -> Callable[[Pixels], Pixels]:
    return lambda p: saved(p, "JPEG", quality=quality)


JOURNEYS: dict[str, Callable[[Pixels], Pixels]] = {
    "PNG": saved,
    "PNG saved again, other filters": lambda p: saved(saved(p), optimize=True),
    "WebP lossless": lambda p: saved(p, "WEBP", lossless=True, exact=True),
    "metadata stripped, header from the sidecar": lambda p: saved(p.copy()),
    "JPEG 95": _jpeg(95),
    "JPEG 85": _jpeg(85),
    "JPEG 75": _jpeg(75),
    "half size and back": _halved,
    **{f"noise, sigma {level / 255 * 2:.3f} of [-1, 1]": _noisy(level) for level in (0.25, 0.5)},
    "noise, sigma 1 level": _noisy(1),
    "noise, sigma 2 levels": _noisy(2),
}


def main() -> None:
    """Print the mean recovered PSNR for each journey and method."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--methods", nargs="+", default=["padded"])
    parser.add_argument("--look", default="blur:15")
    parser.add_argument("--most", type=int, default=40, help="images of each folder")
    options = parser.parse_args()
    images = [load(p, 256) for folder in options.data for p in find(folder, options.most)]
    ways = [method(name) for name in options.methods]
    print(f"{len(images)} images, {options.look}, recovered dB\n")
    print("| journey | " + " | ".join(way.name for way in ways) + " |")
    print("| --- " * (len(ways) + 1) + "|")
    hidden = [[way.hide(x, obfuscate(x, options.look)) for x in images] for way in ways]
    for name, travel in JOURNEYS.items():
        cells = []
        for way, protected in zip(ways, hidden, strict=True):
            pairs = zip(images, protected, strict=True)
            scores = [psnr(x, saved(way.reveal(travel(p), key))) for x, (p, key) in pairs]
            cells.append(f"{np.mean(scores):.2f}")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
