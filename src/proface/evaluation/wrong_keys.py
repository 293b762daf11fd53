"""How well the obfuscated mode tells right words from noise.

    python -m proface.evaluation.wrong_keys --data DIR [DIR ...]

For regions of several sizes, of photos and of pictures that are none: how often the right pad is
taken for a wrong one (the face would stay hidden), and a wrong one for a right one (noise would be
shown). "evidence" is the least that right words gave, in powers of two: half of it is asked for,
and noise reaches that with a probability of at most 2 to the minus half.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from proface.evaluation.images import Pixels, find, load
from proface.latents import WORDS, Codebook, Reading, encode, grid
from proface.runtime.models import find_model

SIZES = ((256, 256), (128, 128), (64, 64), (32, 32), (17, 31), (16, 16), (8, 8), (4, 4), (2, 2))
COLUMNS = ("size", "contents", "regions", "right, hidden", "wrong pads", "wrong, shown", "bits")


def contents(data: Sequence[Path], most: int, side: int) -> Iterator[tuple[str, list[Pixels]]]:
    """Name and pictures side x side x 3, of photos and of what is none."""
    yield "photos", [load(path, side) for folder in data for path in find(folder, most)]
    shape = (side, side, 3)
    flat = [np.full(shape, level, np.uint8) for level in (0, 1, 128, 254, 255)]
    yield "one colour", flat
    generator = np.random.default_rng(0)
    yield "noise", [generator.integers(0, 256, shape, np.uint8) for _ in range(5)]
    rows, columns, _colours = np.indices(shape)
    yield "a chessboard of pixels", [((rows + columns) % 2 * 255).astype(np.uint8)]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--model", default="padded-obfuscated")
    parser.add_argument("--most", type=int, default=50, help="images of each folder")
    parser.add_argument("--wrong", type=int, default=2000, help="wrong pads for each size")
    options = parser.parse_args()
    codebook = Codebook.from_bytes(find_model(options.model).read("codebook"))
    generator = np.random.default_rng(1)
    pictures = list(contents(options.data, options.most, SIZES[0][0]))
    print("| " + " | ".join(COLUMNS) + " |\n" + "| --- " * len(COLUMNS) + "|")
    for height, width in SIZES:
        shape = (*grid(height, width), WORDS)
        noise = (
            Reading(codebook, generator.integers(0, 1 << 16, shape, np.uint16), height, width)
            for _ in range(options.wrong)
        )
        shown = sum(reading.plausible().any() for reading in noise)
        for name, images in pictures:
            hidden, least = 0, np.inf
            for image in images:
                crop = np.ascontiguousarray(image[:height, :width])
                reading = Reading(codebook, encode(codebook, crop), height, width)
                hidden += not reading.plausible().all()
                least = min(least, float(reading.evidence()[0].needed.min()) / np.log(2))
            wrong = f"{options.wrong} | {shown}" if name == pictures[0][0] else "|"
            cells = (f"{height} x {width}", name, len(images), hidden, wrong, f"{least:.1f}")
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)


if __name__ == "__main__":
    main()
