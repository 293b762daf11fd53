"""What the repair network learns from: crops as they come out of a protected file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from proface.latents import CELL, Codebook, Reading, encode, hide_words
from proface.obfuscators import obfuscate
from proface.training.images import Pixels, random_sizes, vivid

CROP = 8  # cells on a side: 128 pixels
EACH = 8  # crops taken from one image
VIVID = 0.25  # part of the images that are made vivid


class Sample(NamedTuple):
    """An image, or a crop of one, as recovery sees it, and as it was."""

    coefficients: npt.NDArray[np.float32]  # rows x columns x 768
    noise: npt.NDArray[np.float32]  # rows x columns x 3
    protected: Pixels  # H x W x 3
    original: Pixels


def random_look(generator: np.random.Generator) -> str:
    """A look of random kind and strength, in the ranges of the published training."""
    kind = generator.choice(["blur", "median", "pixelate", "mask"])
    if kind == "blur":
        return f"blur:{generator.uniform(9, 21):.1f}"
    if kind == "median":
        return f"median:{2 * generator.integers(8, 15) + 1}"
    if kind == "pixelate":
        return f"pixelate:{2 * generator.integers(7, 14)}"
    return "mask"


def protect(original: Pixels, look: str, codebook: Codebook, seed: int) -> Sample:
    """A whole image of any size: what its words stand for, and its protected pixels."""
    height, width, _ = original.shape
    words = encode(codebook, original)
    # What the carrier holds is uniform whatever the words are: a random pad stands for any key's.
    padded = np.random.default_rng(seed).integers(0, 1 << 16, words.shape, np.uint16)
    everything = slice(None)
    coefficients, noise = Reading(codebook, words, height, width).decode(everything, everything)
    return Sample(coefficients, noise, hide_words(obfuscate(original, look), padded), original)


def crops(
    paths: Sequence[Path], codebook: Codebook, generator: np.random.Generator
) -> Iterator[Sample]:
    """Endless random crops; an image that cannot be read is passed over."""
    while True:
        for image in random_sizes(list(paths), CROP * CELL, generator):
            if generator.random() < VIVID and min(image.shape[:2]) > 2 * CROP * CELL:
                image = vivid(image, generator, CROP * CELL / min(image.shape[:2]))
            height, width = (side // CELL * CELL for side in image.shape[:2])
            whole = protect(
                np.ascontiguousarray(image[:height, :width]),
                random_look(generator),
                codebook,
                int(generator.integers(1 << 62)),
            )
            for _ in range(EACH):
                row = int(generator.integers(whole.noise.shape[0] - CROP + 1))
                column = int(generator.integers(whole.noise.shape[1] - CROP + 1))
                cells = slice(row, row + CROP), slice(column, column + CROP)
                area = (
                    slice(row * CELL, (row + CROP) * CELL),
                    slice(column * CELL, (column + CROP) * CELL),
                )
                yield Sample(
                    whole.coefficients[cells].astype(np.float16),
                    whole.noise[cells],
                    whole.protected[area],
                    whole.original[area],
                )
