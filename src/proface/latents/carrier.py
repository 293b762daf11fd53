"""The lattice coupling: words into the low digits of the cover's samples, and out again.

A coupling on (cover, secret): with cover sample o and secret digit z in 0..w-1,

    protected p = the value nearest to o with p = z (mod w)
    lost        = o - p

is invertible, o = p + lost and z = p mod w. The secret comes back from p alone: whatever stands
for the lost half on recovery, z is exact as long as p is. And p depends on nothing but o and z:
with z padded by a keystream, p tells no more than o does.

The distortion is the same for every cover. With w = 3 the offsets are -1, 0 and 1, of mean square
2/3 level: 49.9 dB. Twelve samples together carry 19 bits (3^12 is a little more than 2^19), and
the 768 samples of a cell 1,216: 76 words. Small regions, where a face has few samples and its
detail is all fine, take a wider lattice: its noise is not seen at that size, and its room is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from proface.latents.transform import CELL, COEFFICIENTS, grid
from proface.latents.words import WORDS

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.signedinteger]
Words = npt.NDArray[np.uint16]

GROUP = 12  # samples that carry one whole number together
# Width of the lattice -> whole bits in the digits of a group.
CAPACITY = {3: 19, 4: 24, 5: 27, 6: 31, 8: 36}
# Most cells of a region -> the narrowest lattice that it takes: up to 64 pixels square, 128, more.
NARROWEST = {16: 5, 64: 4}


def couple(cover: Integers, secret: Integers, width: int) -> tuple[Integers, Integers]:
    """Forward: samples 0..255 and digits 0..width-1 of one shape -> (protected, lost).

    A digit exactly half-way could go up or down: alternating by position keeps the mean.
    """
    offset = _remainder(secret - cover, width)
    up = (np.arange(offset.size) & 1).reshape(offset.shape).astype(offset.dtype)
    step = offset.dtype.type(width)
    protected = cover + offset
    protected -= step * (2 * offset + 1 - up > width)
    protected += step * (protected < 0)
    protected -= step * (protected > 255)
    return protected, cover - protected


def uncouple(protected: Integers, lost: Integers, width: int) -> tuple[Integers, Integers]:
    """Inverse: (protected, lost) -> (cover, secret). The secret does not depend on `lost`."""
    return protected + lost, _remainder(protected, width)


def _remainder(values: Integers, divisor: int) -> Integers:
    """Of a division downwards. numpy divides many numbers at a time, but takes `%` one by one."""
    return values - values // divisor * divisor


class Strip(NamedTuple):
    """How one row of cells carries its words."""

    area: slice  # its rows of pixels
    words: int  # of each cell
    width: int  # of the lattice
    groups: int  # of samples that carry something
    bits: int  # of all words


@lru_cache(maxsize=64)
def strips(height: int, width: int) -> tuple[Strip, ...]:
    """The rows of cells of an image, from the top.

    A row whose size is no multiple of the cell has fewer samples than whole cells have. It takes
    the first width that holds nine tenths of a whole cell's words; where even the last does not
    (41 dB), its cells have fewer.
    """
    rows, columns = grid(height, width)
    narrowest = next((w for most, w in NARROWEST.items() if rows * columns <= most), 3)
    full = COEFFICIENTS // GROUP * CAPACITY[narrowest] // 16
    found = []
    for top in range(0, height, CELL):
        lines = min(CELL, height - top)
        groups = 3 * lines * width // GROUP
        room = {w: groups * bits // (16 * columns) for w, bits in CAPACITY.items()}
        enough = (w for w in room if w >= narrowest and 10 * room[w] >= 9 * full)
        lattice = next(enough, max(CAPACITY))
        words = min(full, room[lattice])
        bits = 16 * words * columns
        found.append(
            Strip(slice(top, top + lines), words, lattice, -(-bits // CAPACITY[lattice]), bits)
        )
    return tuple(found)


def _by_column(strip: Bytes) -> Integers:
    """The strip's samples column by column, so that a cell's words lie in its own columns."""
    return strip.transpose(1, 0, 2).reshape(-1).astype(np.int16)


def hide_words(cover: Bytes, words: Words) -> Bytes:
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
        samples[used], _lost = couple(samples[used], digits.reshape(-1), strip.width)
        shape = width, len(pixels), 3
        protected[strip.area] = samples.reshape(shape).transpose(1, 0, 2)
    return protected


def seek_words(protected: Bytes) -> Words:
    """Protected H x W x 3 -> the words in it, rows x columns x 108; those not carried are zero."""
    height, width, _ = protected.shape
    rows, columns = grid(height, width)
    words = np.zeros((rows, columns, WORDS), np.uint16)
    for row, strip in enumerate(strips(height, width)):
        capacity = CAPACITY[strip.width]
        samples = _by_column(protected[strip.area])[: strip.groups * GROUP]
        # Nothing is known of the lost half, and the secret does not depend on it.
        _cover, digits = uncouple(samples, np.zeros_like(samples), strip.width)
        numbers = _numbers(digits.reshape(-1, GROUP), strip.width)
        bits = np.unpackbits(numbers.astype(">i8").view(np.uint8).reshape(-1, 8), axis=1)
        carried = np.packbits(bits[:, -capacity:].reshape(-1)[: strip.bits]).view(">u2")
        words[row, :, : strip.words] = carried.reshape(columns, strip.words)
    return words


def _numbers(digits: npt.NDArray[np.integer], base: int) -> npt.NDArray[np.int64]:
    """Digits n x count, most significant first -> the numbers that they write, below 2^53, n."""
    powers = float(base) ** np.arange(digits.shape[1] - 1, -1, -1)
    # Exact in float64, whose products are the ones that numpy multiplies fast.
    return (digits.astype(np.float64) @ powers).astype(np.int64)


def _digits(numbers: npt.NDArray[np.int64], base: int) -> Integers:
    """Numbers below base^12, n -> their digits in base `base`, most significant first, n x 12."""
    thousand = base**4  # looked up four digits at a time
    upper = numbers // thousand
    top = upper // thousand
    parts = (top, upper - top * thousand, numbers - upper * thousand)
    return _four_digits(base).take(np.stack(parts, 1), axis=0).reshape(-1, GROUP)


@lru_cache(maxsize=len(CAPACITY))
def _four_digits(base: int) -> Integers:
    """The digits of all numbers of four digits, base^4 x 4."""
    return np.indices((base,) * 4).reshape(4, -1).T.astype(np.int16)
