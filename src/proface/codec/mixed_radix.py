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
    """As `place_digits`, and which layouts fit; words and places of the others are invalid."""
    word, place = np.zeros((2, *radices.shape), np.int64)
    fits = np.ones(len(sizes), np.bool_)
    for size in np.unique(sizes):  # by size, as most layouts have few words: saves start-up time
        own = sizes == size
        word[own], place[own], fits[own] = _places(radices[own], int(size), modes)
    return word, place, fits


def _places(
    radices: npt.NDArray[np.integer], size: int, modes: int
) -> tuple[Integers, Integers, npt.NDArray[np.bool_]]:
    """As `try_places`, for layouts of one size."""
    layouts = np.arange(len(radices))
    order = np.argsort(-radices, axis=1, kind="stable")
    falling = np.take_along_axis(radices, order, 1).astype(np.int32)
    word, place = np.zeros((2, *radices.shape), np.int64)
    fits = np.ones(len(layouts), np.bool_)
    filled = np.ones((len(layouts), size), np.int32)
    filled[:, 0] = modes
    for column, radix in zip(order.T, falling.T, strict=True):
        # One digit of every layout at a time.
        if (radix == 1).all():
            break
        room = filled <= (WORD_RANGE // radix)[:, None]
        first = room.argmax(1)
        carries = (radix > 1) & room[layouts, first]
        fits &= carries | (radix == 1)
        here = filled[layouts, first]
        word[layouts, column] = np.where(carries, first, 0)
        place[layouts, column] = np.where(carries, here, 0)
        filled[layouts, first] = np.where(carries, here * radix, here)
    return word, place, fits
