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
    word, place = np.zeros((2, *radices.shape), np.int64)
    fits = np.ones(len(sizes), np.bool_)
    for size in np.unique(sizes):  # most plans have few words: this is much of a command's start
        own = sizes == size
        word[own], place[own], fits[own] = _places(radices[own], int(size), modes)
    return word, place, fits


def _places(
    radices: npt.NDArray[np.integer], size: int, modes: int
) -> tuple[Integers, Integers, npt.NDArray[np.bool_]]:
    """As `try_places`, for plans of one size."""
    plans = np.arange(len(radices))
    order = np.argsort(-radices, axis=1, kind="stable")
    falling = np.take_along_axis(radices, order, 1).astype(np.int32)
    word, place = np.zeros((2, *radices.shape), np.int64)
    fits = np.ones(len(plans), np.bool_)
    filled = np.ones((len(plans), size), np.int32)
    filled[:, 0] = modes
    for column, radix in zip(order.T, falling.T, strict=True):
        # The plans side by side: each has one more digit to place.
        if (radix == 1).all():
            break
        room = filled <= (WORD_RANGE // radix)[:, None]
        first = room.argmax(1)
        carries = (radix > 1) & room[plans, first]
        fits &= carries | (radix == 1)
        here = filled[plans, first]
        word[plans, column] = np.where(carries, first, 0)
        place[plans, column] = np.where(carries, here, 0)
        filled[plans, first] = np.where(carries, here * radix, here)
    return word, place, fits
