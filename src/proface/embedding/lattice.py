"""Quantisation index modulation: words in the remainders of samples on a lattice.

QIM (Chen and Wornell, IEEE Trans. Information Theory 2001) with cover sample o and digit z in
0..w-1:

    protected p = the value nearest to o with p = z (mod w)

z = p mod w is exact as long as p is. p depends on o and z only: with z padded by a keystream, p
reveals no more than o does.

The distortion is the same for every cover. With w = 3 the offsets are -1, 0 and 1, of mean square
2/3 level: 49.9 dB. Twelve samples together carry 19 bits (3^12 is slightly more than 2^19), and
the 768 samples of a cell 1,216: 76 words. Small regions, where a face has few samples and all its
detail is fine, use a wider lattice: there capacity matters more than the added noise.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from proface.embedding.base import Change, Words
from proface.types import Pixels

Integers = npt.NDArray[np.signedinteger]

CELL = 16  # pixels on a side: the unit of capacity
SAMPLES = 3 * CELL * CELL  # of a cell
MAX_WORDS = 108  # of a cell; 76 in all but small regions

GROUP = 12  # samples that carry one integer together
# Width of the lattice -> bits that a group carries.
CAPACITY = {3: 19, 4: 24, 5: 27, 6: 31, 8: 36}
# Cells of a region, at most -> least lattice width: up to 64 pixels square, 128; 3 beyond.
MIN_WIDTH = {16: 5, 64: 4}


def embed_digits(cover: Integers, digits: Integers, width: int) -> Integers:
    """Samples 0..255 and digits 0..width-1 of one shape -> protected samples 0..255.

    Ties are rounded up and down alternately, by position, to keep the mean.
    """
    offset = _remainder(digits - cover, width)
    up = (np.arange(offset.size) & 1).reshape(offset.shape).astype(offset.dtype)
    step = offset.dtype.type(width)
    protected = cover + offset
    protected -= step * (2 * offset + 1 - up > width)
    protected += step * (protected < 0)
    protected -= step * (protected > 255)
    return protected


def _remainder(values: Integers, divisor: int) -> Integers:
    """`values % divisor`; numpy vectorises the division, but not `%`."""
    return values - values // divisor * divisor


class Strip(NamedTuple):
    """The layout of one row of cells."""

    area: slice  # its rows of pixels
    words: int  # of each cell
    width: int  # of the lattice
    groups: int  # groups of samples in use
    bits: int  # of all words


@lru_cache(maxsize=64)
def strips(height: int, width: int) -> tuple[Strip, ...]:
    """The rows of cells of an image, from the top.

    Rows with partial cells have fewer samples. They use the least width that carries nine tenths
    of a whole cell's words, or the largest width (41 dB) and fewer words.
    """
    rows, columns = -(-height // CELL), -(-width // CELL)
    least = next((w for most, w in MIN_WIDTH.items() if rows * columns <= most), 3)
    full = SAMPLES // GROUP * CAPACITY[least] // 16
    found = []
    for top in range(0, height, CELL):
        lines = min(CELL, height - top)
        groups = 3 * lines * width // GROUP
        room = {w: groups * bits // (16 * columns) for w, bits in CAPACITY.items()}
        enough = (w for w in room if w >= least and 10 * room[w] >= 9 * full)
        lattice = next(enough, max(CAPACITY))
        words = min(full, room[lattice])
        bits = 16 * words * columns
        found.append(
            Strip(slice(top, top + lines), words, lattice, -(-bits // CAPACITY[lattice]), bits)
        )
    return tuple(found)


def _by_column(strip: Pixels) -> Integers:
    """The strip's samples in column order, so that a cell's words lie in its own columns."""
    return strip.transpose(1, 0, 2).reshape(-1).astype(np.int16)


class Lattice:
    """QIM on samples, for files that are kept bit for bit. See `base.Embedding`."""

    survives: frozenset[Change] = frozenset()

    def capacity(self, height: int, width: int) -> npt.NDArray[np.int64]:
        """Words of each cell of 16 x 16 pixels, rows x columns."""
        words = np.array([strip.words for strip in strips(height, width)], np.int64)
        return np.repeat(words[:, None], -(-width // CELL), 1)

    def embed(self, cover: Pixels, words: Words) -> Pixels:
        """Cover H x W x 3 and (padded) words rows x columns x 108 -> protected H x W x 3."""
        height, width, _ = cover.shape
        protected = np.empty_like(cover)
        for row, strip in enumerate(strips(height, width)):
            pixels, capacity = cover[strip.area], CAPACITY[strip.width]
            carried = words[row, :, : strip.words].astype(">u2").reshape(-1)
            bits = np.zeros(strip.groups * capacity, np.uint8)
            bits[: strip.bits] = np.unpackbits(carried.view(np.uint8))
            digits = _digits(_numbers(bits.reshape(-1, capacity), 2), strip.width)
            samples = _by_column(pixels)
            used = slice(0, strip.groups * GROUP)
            samples[used] = embed_digits(samples[used], digits.reshape(-1), strip.width)
            shape = width, len(pixels), 3
            protected[strip.area] = samples.reshape(shape).transpose(1, 0, 2)
        return protected

    def extract(self, protected: Pixels) -> Words:
        """Protected H x W x 3 -> its words, rows x columns x 108; others are zero."""
        height, width, _ = protected.shape
        words = np.zeros((*self.capacity(height, width).shape, MAX_WORDS), np.uint16)
        for row, strip in enumerate(strips(height, width)):
            capacity = CAPACITY[strip.width]
            samples = _by_column(protected[strip.area])[: strip.groups * GROUP]
            digits = _remainder(samples, strip.width)
            numbers = _numbers(digits.reshape(-1, GROUP), strip.width)
            bits = np.unpackbits(numbers.astype(">i8").view(np.uint8).reshape(-1, 8), axis=1)
            carried = np.packbits(bits[:, -capacity:].reshape(-1)[: strip.bits]).view(">u2")
            words[row, :, : strip.words] = carried.reshape(words.shape[1], strip.words)
        return words


def _numbers(digits: npt.NDArray[np.integer], base: int) -> npt.NDArray[np.int64]:
    """Digits n x count, most significant first -> numbers below 2^53, n."""
    powers = float(base) ** np.arange(digits.shape[1] - 1, -1, -1)
    # float64 is exact below 2^53, and numpy multiplies matrices of integers slowly.
    return (digits.astype(np.float64) @ powers).astype(np.int64)


def _digits(numbers: npt.NDArray[np.int64], base: int) -> Integers:
    """Numbers below base^12, n -> their digits in base `base`, most significant first, n x 12."""
    four = base**4  # four digits are looked up at a time
    upper = numbers // four
    top = upper // four
    parts = (top, upper - top * four, numbers - upper * four)
    return _four_digits(base).take(np.stack(parts, 1), axis=0).reshape(-1, GROUP)


@lru_cache(maxsize=len(CAPACITY))
def _four_digits(base: int) -> Integers:
    """The digits of all numbers of four digits, base^4 x 4."""
    return np.indices((base,) * 4).reshape(4, -1).T.astype(np.int16)
