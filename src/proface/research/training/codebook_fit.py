"""Fit the codebook: the classes of cells, and how each allocates its bits.

`proface train --flow padded` does this first, unless it is given a codebook.

A generalised Lloyd iteration: assign every training cell to the class with the least distortion,
fit each class to its cells (scales of coefficients, bit allocation by reverse water-filling,
positions of the quantiser levels), and repeat.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from proface.codec.codebook import DC, Codebook
from proface.codec.mixed_radix import place_digits, try_places
from proface.codec.transform import CELL, COEFFICIENTS, analyse
from proface.errors import ModelError, UsageError
from proface.research.training.images import UNREADABLE, load_for_crops, vivid

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

# Close together, so that digits fill words of 65,536 well.
FINE = (*range(1, 17), *range(18, 33, 2), *range(36, 65, 4), *range(72, 129, 8))
RADICES = np.array([*FINE, 160, 192, 224, 256, 320, 384, 512, 640, 768, 1023, 1535, 2047])
# Words of a cell. The lowest rate is for tiny regions; the average is 76.
RATES = np.array([2, 6, 14, 24, 36, 50, 64, 80, 98, 120, 146, 180])
LEAST_SIDE = 112  # least side of a scaled image, pixels
FILLINGS = 80  # attempts to fill each plan's words
MOST_SAMPLES = 200_000  # for fitting the levels of one radix


def colour_rotation(images: list[npt.NDArray[np.uint8]]) -> Floats:
    """The orthonormal colour rotation, 3 x 3: principal axes of RGB."""
    pixels = np.concatenate([image[::4, ::4].reshape(-1, 3) for image in images])
    _values, axes = np.linalg.eigh(np.cov(pixels.T.astype(np.float64)))
    rotation = axes.T[::-1]
    return np.asarray(rotation * np.sign(rotation.sum(1, keepdims=True)), np.float32)


def lloyd_levels(samples: npt.NDArray[np.floating], radix: int, rounds: int = 15) -> Floats:
    """The `radix` levels, symmetric about zero, of least mean squared error on the samples."""
    samples = np.sort(np.concatenate([samples, -samples]))
    sums = np.concatenate([[0.0], np.cumsum(samples, dtype=np.float64)])
    # Start from the optimal high-resolution compander: density to the power of 1/3.
    counts, edges = np.histogram(samples, 2000, (-16, 16))
    mass = np.cumsum(np.maximum(counts, 1e-3) ** (1 / 3))
    levels = np.interp((np.arange(radix) + 0.5) / radix, mass / mass[-1], edges[1:])
    for _ in range(rounds):
        # Each level has a run of the sorted samples: count and sum are differences.
        inner = np.searchsorted(samples, (levels[1:] + levels[:-1]) / 2, "right")
        bounds = np.concatenate([[0], inner, [len(samples)]])
        members, total = np.diff(bounds), np.diff(sums[bounds])
        levels = np.sort(np.where(members > 0, total / np.maximum(members, 1), levels))
    return np.asarray((levels - levels[::-1]) / 2, np.float32)


def allocate_bits(variances: Floats, loss: npt.NDArray[np.float64], budget: float) -> Integers:
    """Reverse water-filling: the radix of each coefficient at a common price per bit.

    Args:
        variances: of each coefficient.
        loss: for each radix of RADICES, the distortion at unit variance.
        budget: bits of a cell.
    """
    bits = np.log2(RADICES)
    spread = variances[:, None] * loss

    def choice(price: float) -> Integers:
        return np.asarray((spread + price * bits).argmin(1))

    low, high = -30.0, 30.0
    for _ in range(50):
        middle = (low + high) / 2
        if bits[choice(2**middle)].sum() > budget:
            low = middle
        else:
            high = middle
    return np.asarray(RADICES[choice(2**high)])


def fitting_radices(
    variances: Floats, loss: npt.NDArray[np.float64], modes: int, words: int
) -> Integers:
    """The richest bit allocation that fits into `words` words."""
    budget = 16.0 * words - np.log2(modes)
    sizes = np.full(modes, words)
    while True:
        radices = allocate_bits(variances, loss, budget)
        try:
            place_digits(radices[None], sizes[:1], modes)
        except ModelError:
            budget -= max(1, budget / 400)
        else:
            return radices


def fill_up(
    chosen: Integers, variances: Floats, loss: npt.NDArray[np.float64], modes: int, words: Integers
) -> Integers:
    """Use the capacity that bit allocation leaves in the words of 65,536.

    Repeatedly, each plan takes the next radix for the coefficient that gains most, if the digits
    still fit. All plans are processed together.

    Args:
        chosen: plans x 768, index into RADICES.
        variances: plans x 768.
        words: of each plan.
    """
    plans = np.arange(len(chosen))
    tried = np.zeros(chosen.shape, np.bool_)
    for _ in range(FILLINGS):
        higher = np.minimum(chosen + 1, len(RADICES) - 1)
        gain = variances * (loss[chosen] - loss[higher])
        gain /= np.maximum(np.log2(RADICES[higher] / RADICES[chosen]), 1e-9)
        gain[tried] = -1
        best = gain.argmax(1)
        proposal = chosen.copy()
        proposal[plans, best] = higher[plans, best]
        _word, _place, fits = try_places(RADICES[proposal], words, modes)
        chosen = np.where(fits[:, None], proposal, chosen)
        tried[plans, best] |= ~fits
    return chosen


def statistics(
    cells: Floats, assigned: Integers, classes: int, generator: np.random.Generator
) -> tuple[Floats, Floats]:
    """Means, K x 3, and scales, K x 768, of the cells assigned to each class."""
    means = np.zeros((classes, 3), np.float32)
    scales = np.zeros((classes, COEFFICIENTS), np.float32)
    for k in range(classes):
        members = cells[assigned == k]
        if len(members) < 30:  # an empty class is restarted from random cells
            members = cells[generator.choice(len(cells), 60)]
        means[k] = members[:, DC].mean(0)
        centred = members.copy()
        centred[:, DC] -= means[k]
        scales[k] = np.sqrt(np.square(centred).mean(0) + 1e-2)
    return means, scales.astype(np.float16).astype(np.float32)  # as they will be stored


def refit_levels(
    book: Codebook, cells: Floats, assigned: Integers, generator: np.random.Generator
) -> Codebook:
    """Refit the levels of every radix to the coefficients that use it."""
    samples: list[list[Floats]] = [[] for _ in RADICES]
    for k, plans in enumerate(book.chosen):
        members = cells[assigned == k][:200]
        centred = book.normalise(members, np.full(len(members), k))
        for chosen in plans[::2]:
            for index in np.unique(chosen):
                samples[index].append(centred[:, chosen == index].ravel())
    levels, loss = list(book.levels), book.loss.copy()
    for index, parts in enumerate(samples):
        pool = np.concatenate([np.zeros(0, np.float32), *parts])
        if index and len(pool) > 50 * RADICES[index]:
            pool = generator.permutation(pool)[:MOST_SAMPLES]
            levels[index] = lloyd_levels(pool, int(RADICES[index]))
            loss[index] = loss_model(pool, levels[index])
    return replace(book, levels=tuple(levels), loss=loss)


def loss_model(samples: npt.NDArray[np.floating], levels: Floats) -> Floats:
    """(a, b), non-negative, such that the distortion of a sample t is about a + b t^2."""
    error = np.square(
        samples - levels[np.searchsorted((levels[1:] + levels[:-1]) / 2, samples)]
    ).astype(np.float64)
    energy = np.square(samples.astype(np.float64))
    b = np.cov(energy, error)[0, 1] / max(energy.var(), 1e-12)
    b = float(np.clip(b, 0, error.mean() / max(energy.mean(), 1e-12)))
    return np.array([error.mean() - b * energy.mean(), b], np.float32)


def first_codebook(colour: Floats, classes: int, generator: np.random.Generator) -> Codebook:
    """A codebook with levels for a heavy-tailed coefficient; scales and plans are placeholders."""
    heavy = generator.standard_t(6, MOST_SAMPLES) * np.sqrt(4 / 6)
    levels = tuple(lloyd_levels(heavy, int(r)) for r in RADICES)
    loss = np.stack([loss_model(heavy, v) for v in levels])
    loss[0] = 0, 1
    return Codebook(
        colour,
        RATES,
        np.zeros((classes, 3), np.float32),
        np.ones((classes, COEFFICIENTS), np.float32),
        RADICES,
        np.zeros((classes, len(RATES), COEFFICIENTS), np.uint8),
        levels,
        loss,
        np.ones((classes, len(RATES), 3), np.float32),
    )


def plan(book: Codebook, means: Floats, scales: Floats, rates: range) -> Codebook:
    """The codebook with these classes and new bit allocations at the given rates."""
    loss = book.loss.sum(1).astype(np.float64)  # at unit variance
    chosen = book.chosen.copy()
    for k, scale in enumerate(scales):
        for r in rates:
            radices = fitting_radices(np.square(scale), loss, book.modes, int(RATES[r]))
            chosen[k, r] = np.searchsorted(RADICES, radices)
    for r in rates:
        words = np.full(len(scales), RATES[r])
        chosen[:, r] = fill_up(
            chosen[:, r].astype(np.int64), np.square(scales), loss, book.modes, words
        )
    return replace(book, means=means, scales=scales, chosen=chosen)


def fit(
    cells: Floats, colour: Floats, classes: int, rounds: int, say: Callable[[str], None]
) -> Codebook:
    """Fit a codebook of `classes` classes to training cells n x 768."""
    generator = np.random.default_rng(0)
    detail = np.delete(cells, np.arange(0, COEFFICIENTS, CELL * CELL), 1)
    assigned = np.argsort(np.argsort(np.square(detail).mean(1))) * classes // len(cells)
    book = first_codebook(colour, classes, generator)
    for turn in range(rounds):
        last = turn == rounds - 1
        means, scales = statistics(cells, assigned, classes, generator)
        rates = range(len(RATES)) if last else range(book.reference_rate, book.reference_rate + 1)
        book = plan(book, means, scales, rates)
        book = refit_levels(book, cells, assigned, generator)
        parts = np.array_split(cells, len(cells) // 2000 + 1)
        found = [book.classify(part, book.candidates(part), book.reference_rate) for part in parts]
        assigned, loss = map(np.concatenate, zip(*found, strict=True))
        psnr = 10 * np.log10(255**2 * COEFFICIENTS / loss.mean())
        say(f"codebook, round {turn + 1} of {rounds}: about {psnr:.2f} dB")
    return replace(book, noise=measured_noise(book, cells, assigned))


def measured_noise(book: Codebook, cells: Floats, assigned: Integers) -> Floats:
    """RMS error of each class and rate in each rotated colour, K x R x 3."""
    noise = np.ones((*book.chosen.shape[:2], 3), np.float32)
    for k in range(len(noise)):
        members = cells[assigned == k][:100]
        if not len(members):
            continue
        for r in range(len(RATES)):
            modes = np.full(len(members), k * len(RATES) + r)
            error = members - book.dequantise(book.quantise(members, modes), modes)
            noise[k, r] = np.sqrt(np.square(error).reshape(len(members), 3, -1).mean((0, 2)))
    return noise


def some_cells(
    image: npt.NDArray[np.uint8], colour: Floats, most: int, generator: np.random.Generator
) -> Floats:
    """At most `most` whole cells of the image, drawn at random: n x 768."""
    height, width = (side // CELL * CELL for side in image.shape[:2])
    found = analyse(image[:height, :width], colour).reshape(-1, COEFFICIENTS)
    return found[generator.permutation(len(found))[:most]]


def fit_to(
    paths: list[Path], *, classes: int, cells: int, rounds: int, say: Callable[[str], None]
) -> Codebook:
    """Fit a codebook to images.

    Args:
        paths: of the images; unreadable ones are reported and skipped.
        classes: number of classes.
        cells: number of cells drawn from all images.
        rounds: of the iteration.
        say: called with progress messages.

    Raises:
        UsageError: no image can be read, or there are too few cells.
    """
    generator = np.random.default_rng(1)
    images = []
    for i in generator.permutation(len(paths)):
        try:
            images.append(load_for_crops(paths[i], LEAST_SIDE, generator))
        except UNREADABLE as error:
            say(f"{paths[i]}: cannot be read, skipped ({error}).")
    if not images:
        raise UsageError("none of the images can be read. Check the folder.")
    colour = colour_rotation(images)
    each = max(2, 2 * cells // len(images))
    plain = [some_cells(image, colour, each, generator) for image in images]
    odd = [some_cells(vivid(image, generator), colour, each // 2, generator) for image in images]
    chosen = generator.permutation(np.concatenate(plain + odd))[:cells]
    if len(chosen) < 2 * classes:
        raise UsageError(f"{len(chosen)} cells: too few for {classes} classes. Give more images.")
    say(f"{len(images)} images, {len(chosen)} cells")
    return fit(chosen, colour, classes, rounds, say)
