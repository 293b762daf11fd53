"""Mixed-radix packing: quantiser levels as digits of 16-bit words.

A coefficient with r levels is a digit of radix r. Digits share a word as long as the product of
their radices is at most 65,536. The lowest digit of a cell's first word is its mode, which
determines the layout of the rest. The layout follows from the radices, so it is not stored.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from proface.codec.base import Integers
from proface.errors import ModelError

WORDS = 108  # most that a cell can carry; 76 in all but small regions
WORD_RANGE = 1 << 16


def place_digits(
    radices: npt.NDArray[np.integer], sizes: npt.NDArray[np.integer], modes: int
) -> tuple[Integers, Integers]:
    """Assign each coefficient's digit a word and a place value in it.

    First-fit decreasing: largest radix first, each into the first word with room. Coefficients of
    radix 1 carry nothing: word 0, place 0. The lowest digit of word 0 is the mode.

    Args:
        radices: layouts x coefficients, levels of each, 1..65536.
        sizes: words of each layout.
        modes: number of modes, the radix of the mode's digit.

    Returns:
        Words and place values, both layouts x coefficients.

    Raises:
        ModelError: the radices do not fit.
    """
    word, place, fits = try_places(radices, sizes, modes)
    if not fits.all():
        raise ModelError("The model's codebook asks for more words than a cell has.")
    return word, place


def try_places(
    radices: npt.NDArray[np.integer], sizes: npt.NDArray[np.integer], modes: int
) -> tuple[Integers, Integers, npt.NDArray[np.bool_]]:
    """As `place_digits`, and which layouts fit; words and places of the others are invalid.

    All digits of a radix are placed at a time: the first word takes as many as it has room for,
    then the second, as if they were placed one by one.
    """
    word, place = np.zeros((2, radices.size), np.int64)
    fits = np.ones(len(sizes), np.bool_)
    # The digits by radix, layout and coefficient; 16 bits are sorted ten times as fast.
    order = np.argsort((radices.ravel() - 1).astype(np.uint16), kind="stable")
    rising = radices.ravel()[order]
    first = np.flatnonzero(np.diff(rising, prepend=0))
    # The words of all layouts in one row: most layouts have few.
    starts = np.cumsum(sizes) - sizes
    own = np.arange(int(sizes.sum())) - starts.repeat(sizes)  # number in the layout
    product = np.ones(len(own), np.int32)  # of the radices in each word
    product[starts] = modes
    for radix, digits in zip(rising[first[::-1]], np.split(order, first[1:])[::-1], strict=True):
        if radix == 1:
            break
        left = np.zeros(WORD_RANGE + 1, np.int32)  # digits that a range still has room for
        power = radix
        while power <= WORD_RANGE:
            left[power:] += 1
            power *= radix
        room = left.take(WORD_RANGE // product)
        layout = digits // radices.shape[1]
        count = np.bincount(layout, minlength=len(sizes))
        fits &= count <= np.add.reduceat(room, starts)
        before = room.cumsum() - room
        wanted = np.where(fits, count + before[starts], 0).repeat(sizes) - before
        taken = np.clip(wanted, 0, room)
        used = np.flatnonzero(taken)
        times = taken[used]
        nth = np.arange(times.sum()) - (times.cumsum() - times).repeat(times)
        digits = digits[fits[layout]]
        word[digits] = own[used].repeat(times)
        place[digits] = product[used].repeat(times) * radix**nth
        product[used] *= radix**times
    return word.reshape(radices.shape), place.reshape(radices.shape), fits
