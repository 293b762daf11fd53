"""Error rates of the obfuscated mode's test of right keys against wrong ones.

    python -m proface.research.evaluation.wrong_keys --data DIR [DIR ...]

For regions of several sizes, of photos and of synthetic images: false rejections of the right pad
(the face stays hidden) and false acceptances of wrong pads (noise is shown). "bits" is the least
evidence of right words, in powers of two: half of it is required, which noise reaches with a
probability of at most 2 to the minus half.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from proface.codec.cell_codec import CellDecoder, encode
from proface.codec.codebook import Codebook
from proface.codec.mixed_radix import WORDS
from proface.embedding.lattice import Lattice
from proface.models.cards import find_model
from proface.research.evaluation.images import find, load
from proface.types import Pixels

SIZES = ((256, 256), (128, 128), (64, 64), (32, 32), (17, 31), (16, 16), (8, 8), (4, 4), (2, 2))
COLUMNS = ("size", "contents", "regions", "rejected", "wrong pads", "accepted", "bits")


def contents(data: Sequence[Path], most: int, side: int) -> Iterator[tuple[str, list[Pixels]]]:
    """Name and images, uint8 side x side x 3, of photos and of synthetic images."""
    yield "photos", [load(path, side) for folder in data for path in find(folder, most)]
    shape = (side, side, 3)
    flat = [np.full(shape, level, np.uint8) for level in (0, 1, 128, 254, 255)]
    yield "one colour", flat
    generator = np.random.default_rng(0)
    yield "noise", [generator.integers(0, 256, shape, np.uint8) for _ in range(5)]
    rows, columns, _colours = np.indices(shape)
    yield "a checkerboard of pixels", [((rows + columns) % 2 * 255).astype(np.uint8)]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--model", default="padded-obfuscated")
    parser.add_argument("--most", type=int, default=50, help="images of each folder at most")
    parser.add_argument("--wrong", type=int, default=2000, help="wrong pads for each size")
    options = parser.parse_args()
    codebook = Codebook.from_bytes(find_model(options.model).read("codebook"))
    generator = np.random.default_rng(1)
    pictures = list(contents(options.data, options.most, SIZES[0][0]))
    print("| " + " | ".join(COLUMNS) + " |\n" + "| --- " * len(COLUMNS) + "|")
    for height, width in SIZES:
        capacity = Lattice().capacity(height, width)
        shape = (*capacity.shape, WORDS)
        noise = (
            CellDecoder(codebook, generator.integers(0, 1 << 16, shape, np.uint16), capacity)
            for _ in range(options.wrong)
        )
        shown = sum(decoder.accepted_cells().any() for decoder in noise)
        for name, images in pictures:
            hidden, least = 0, np.inf
            for image in images:
                crop = np.ascontiguousarray(image[:height, :width])
                decoder = CellDecoder(codebook, encode(codebook, crop, capacity), capacity)
                hidden += not decoder.accepted_cells().all()
                least = min(least, float(decoder.log_ratios()[0].threshold.min()) / np.log(2))
            wrong = f"{options.wrong} | {shown}" if name == pictures[0][0] else "|"
            cells = (f"{height} x {width}", name, len(images), hidden, wrong, f"{least:.1f}")
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)


if __name__ == "__main__":
    main()
