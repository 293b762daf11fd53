"""Fit the codebook: which modes there are, and how each spends a cell's bits.

    python -m proface.training.modes --data DIR [DIR ...] --out codebook.npz

A generalised Lloyd iteration: give every training cell to the mode that loses least on it, then
fit each mode to its cells (scale of every coefficient, levels by reverse water-filling, positions
of the levels), and again.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from proface.errors import ModelError
from proface.latents import CELL, COEFFICIENTS, WORDS, Codebook, analyse
from proface.latents.words import place_digits
from proface.training.images import find_images, random_sizes, vivid

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

# Odd, so that zero is a level; chosen to fill words of 65,536 well.
SMALL = (1, 3, 5, 7, 9, 11, 13, 15, 19, 23, 27, 31, 39, 47, 55, 63)
RADICES = np.array([*SMALL, 79, 95, 127, 191, 255, 383, 511, 767, 1023, 2047])
LOWEST = slice(0, COEFFICIENTS, CELL * CELL)  # of each colour
MOST_SAMPLES = 200_000  # to fit the levels of one radix to


def colour_rotation(images: list[npt.NDArray[np.uint8]]) -> Floats:
    """The orthonormal rotation that gathers the colour's energy: principal axes of RGB."""
    pixels = np.concatenate([image[::4, ::4].reshape(-1, 3) for image in images])
    _values, axes = np.linalg.eigh(np.cov(pixels.T.astype(np.float64)))
    rotation = axes.T[::-1]
    return np.asarray(rotation * np.sign(rotation.sum(1, keepdims=True)), np.float32)


def lloyd_levels(samples: npt.NDArray[np.floating], radix: int, rounds: int = 15) -> Floats:
    """The `radix` levels, symmetric about zero, of least mean square error on the samples."""
    samples = np.concatenate([samples, -samples])
    # Start where the optimal compander of high resolution puts them: density to the third root.
    counts, edges = np.histogram(samples, 2000, (-16, 16))
    mass = np.cumsum(np.maximum(counts, 1e-3) ** (1 / 3))
    levels = np.interp((np.arange(radix) + 0.5) / radix, mass / mass[-1], edges[1:])
    for _ in range(rounds):
        nearest = np.searchsorted((levels[1:] + levels[:-1]) / 2, samples)
        members = np.bincount(nearest, minlength=radix)
        sums = np.bincount(nearest, samples, minlength=radix)
        levels = np.sort(np.where(members > 0, sums / np.maximum(members, 1), levels))
    return np.asarray((levels - levels[::-1]) / 2, np.float32)


def distortion(samples: npt.NDArray[np.floating], levels: Floats) -> float:
    """Mean square error of samples of unit variance on these levels."""
    nearest = levels[np.searchsorted((levels[1:] + levels[:-1]) / 2, samples)]
    return float(np.square(samples - nearest).mean())


def share_bits(variances: Floats, loss: npt.NDArray[np.float64], budget: float) -> Integers:
    """Reverse water-filling: the radix of each coefficient at one price of a bit for all.

    Args:
        variances: of each coefficient.
        loss: for each radix of RADICES, the distortion at unit variance.
        budget: bits of a cell.
    """
    bits = np.log2(RADICES)
    spread = variances[:, None] * loss

    def choice(price: float) -> Integers:
        return np.argmin(spread + price * bits, axis=1)

    low, high = -30.0, 30.0
    for _ in range(50):
        middle = (low + high) / 2
        if bits[choice(2**middle)].sum() > budget:
            low = middle
        else:
            high = middle
    return np.asarray(RADICES[choice(2**high)])


def fitting_radices(variances: Floats, loss: npt.NDArray[np.float64], modes: int) -> Integers:
    """The richest shares that fit into the words of a cell."""
    budget = 16.0 * WORDS - np.log2(modes)
    while True:
        radices = share_bits(variances, loss, budget)
        try:
            place_digits(radices, modes)
        except ModelError:
            budget -= 3
        else:
            return radices


def statistics(
    cells: Floats, assigned: Integers, modes: int, generator: np.random.Generator
) -> tuple[Floats, Floats]:
    """Means modes x 3 and scales modes x 768 of the cells assigned to each mode."""
    means = np.zeros((modes, 3), np.float32)
    scales = np.zeros((modes, COEFFICIENTS), np.float32)
    for mode in range(modes):
        members = cells[assigned == mode]
        if len(members) < 30:  # a mode that died starts again from cells drawn at random
            members = cells[generator.choice(len(cells), 60)]
        means[mode] = members[:, LOWEST].mean(0)
        centred = members.copy()
        centred[:, LOWEST] -= means[mode]
        scales[mode] = np.sqrt(np.square(centred).mean(0) + 1e-2)
    return means, scales.astype(np.float16).astype(np.float32)  # as they will be stored


def refit_levels(
    book: Codebook, cells: Floats, assigned: Integers, generator: np.random.Generator
) -> None:
    """Move the levels of every radix to where the coefficients that use it want them."""
    samples: dict[int, list[Floats]] = {int(r): [] for r in RADICES}
    for mode, radices in enumerate(book.radices):
        centred = book.centred(cells[assigned == mode][:400], mode)
        for radix in np.unique(radices):
            samples[int(radix)].append(centred[:, radices == radix].ravel())
    for radix, parts in samples.items():
        pool = np.concatenate([np.zeros(0, np.float32), *parts])
        if radix > 1 and len(pool) > 50 * radix:
            book.levels[radix] = lloyd_levels(generator.permutation(pool)[:MOST_SAMPLES], radix)


def fit(cells: Floats, colour: Floats, modes: int, rounds: int) -> Codebook:
    """Fit a codebook of `modes` modes to training cells n x 768."""
    generator = np.random.default_rng(0)
    heavy = generator.standard_t(6, MOST_SAMPLES) * np.sqrt(4 / 6)
    levels = {int(r): lloyd_levels(heavy, int(r)) for r in RADICES}
    loss = np.array([distortion(heavy, levels[int(r)]) for r in RADICES])
    detail = np.delete(cells, np.arange(0, COEFFICIENTS, CELL * CELL), 1)
    assigned = np.argsort(np.argsort(np.square(detail).mean(1))) * modes // len(cells)
    noise = np.ones((modes, 3), np.float32)
    for turn in range(rounds):
        means, scales = statistics(cells, assigned, modes, generator)
        radices = np.stack([fitting_radices(np.square(s), loss, modes) for s in scales])
        book = Codebook(colour, means, scales, radices, levels, noise)
        refit_levels(book, cells, assigned, generator)
        words = book.encode(cells)
        error = np.square(cells - book.decode(words)[0])
        assigned = words[:, 0].astype(np.int64) % modes
        by_colour = error.reshape(len(cells), 3, -1).mean(2)
        for mode in np.unique(assigned):
            noise[mode] = np.sqrt(by_colour[assigned == mode].mean(0))
        psnr = 10 * np.log10(255**2 / error.mean())
        print(f"round {turn}: {psnr:.2f} dB", file=sys.stderr, flush=True)
    return book


def some_cells(
    image: npt.NDArray[np.uint8], colour: Floats, most: int, generator: np.random.Generator
) -> Floats:
    """At most `most` whole cells of the image, drawn at random: n x 768."""
    height, width = (side // CELL * CELL for side in image.shape[:2])
    found = analyse(image[:height, :width], colour).reshape(-1, COEFFICIENTS)
    return found[generator.permutation(len(found))[:most]]


def main() -> None:
    """Fit a codebook to the images below some folders."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--modes", type=int, default=256)
    parser.add_argument("--cells", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=8)
    options = parser.parse_args()
    generator = np.random.default_rng(1)
    images = list(random_sizes(find_images(options.data), 112, generator))
    colour = colour_rotation(images)
    each = max(1, 2 * options.cells // len(images))
    plain = [some_cells(image, colour, each, generator) for image in images]
    odd = [some_cells(vivid(image, generator), colour, each // 2, generator) for image in images]
    cells = generator.permutation(np.concatenate(plain + odd))[: options.cells]
    print(f"{len(images)} images, {len(cells)} cells", file=sys.stderr)
    book = fit(cells, colour, options.modes, options.rounds)
    options.out.write_bytes(book.to_bytes())


if __name__ == "__main__":
    main()
