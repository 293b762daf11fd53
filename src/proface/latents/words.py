"""Levels <-> words: several levels share a word of 16 bits, as digits of a mixed-radix number.

A coefficient that takes one of r levels is a digit of radix r. Digits share a word as long as the
product of their radices stays within 65,536. The first word of a cell begins with its mode, which
says how to read the rest. Where digits go follows from the radices alone, so it need not be stored.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from proface.errors import ModelError

WORDS = 108  # that a cell can carry at the most; 76 in all but small regions
WORD_RANGE = 1 << 16

Integers = npt.NDArray[np.int64]


def place_digits(
    radices: npt.NDArray[np.integer], sizes: npt.NDArray[np.integer], modes: int
) -> tuple[Integers, Integers]:
    """Which word holds each coefficient's digit, and the place value that it has there.

    Widest radix first, each into the first word with room. Coefficients of radix 1 carry nothing:
    word 0, place 0. The lowest digit of word 0 is the mode.

    Args:
        radices: plans x coefficients, levels of each, 1..65536.
        sizes: words of each plan.
        modes: how many modes word 0 must tell apart.

    Returns:
        Words and place values, both plans x coefficients.

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
    """As `place_digits`, and which plans fit; the words of those that do not mean nothing."""
    plans = np.arange(len(sizes))
    order = np.argsort(-radices, axis=1, kind="stable")
    word, place = np.zeros((2, *radices.shape), np.int64)
    fits = np.ones(len(sizes), np.bool_)
    filled = np.ones((len(sizes), int(sizes.max())), np.int64)
    filled[:, 0] = modes
    filled[np.arange(filled.shape[1]) >= sizes[:, None]] = WORD_RANGE + 1  # no such word
    for column in order.T:  # the plans side by side: each has one more digit to place
        radix = radices[plans, column]
        if (radix == 1).all():
            break
        room = filled * radix[:, None] <= WORD_RANGE
        first = room.argmax(1)
        carries = (radix > 1) & room[plans, first]
        fits &= carries | (radix == 1)
        word[plans, column] = np.where(carries, first, 0)
        place[plans, column] = np.where(carries, filled[plans, first], 0)
        filled[plans, first] *= np.where(carries, radix, 1)
    return word, place, fits
