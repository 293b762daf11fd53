"""Levels <-> words: several levels share a word of 16 bits, as digits of a mixed-radix number.

A coefficient that takes one of r levels is a digit of radix r. Digits share a word as long as the
product of their radices stays within 65,536. The first word of a cell begins with its mode, which
says how to read the rest. Where digits go follows from the radices alone, so it need not be stored.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from proface.errors import ModelError

WORDS = 76  # that a whole cell carries: 1,216 bits, 19 for every twelve of its 768 samples
WORD_RANGE = 1 << 16

Integers = npt.NDArray[np.int64]


def place_digits(
    radices: npt.NDArray[np.integer], modes: int, words: int
) -> tuple[Integers, Integers]:
    """Which word holds each coefficient's digit, and the place value that it has there.

    Widest radix first, each into the first word with room. Coefficients of radix 1 carry nothing:
    word 0, place 0.

    Args:
        radices: levels of each coefficient, one dimension, each 1..65536.
        modes: how many modes word 0 must tell apart.
        words: how many words there are.

    Raises:
        ModelError: the radices do not fit.
    """
    word = np.zeros(len(radices), np.int64)
    place = np.zeros(len(radices), np.int64)
    filled = np.ones(words, np.int64)
    filled[0] = modes
    for i in np.argsort(-radices, kind="stable"):
        radix = int(radices[i])
        if radix == 1:
            break
        first = int(np.argmax(filled * radix <= WORD_RANGE))
        if filled[first] * radix > WORD_RANGE:
            raise ModelError("The model's codebook asks for more words than a cell has.")
        word[i], place[i] = first, filled[first]
        filled[first] *= radix
    return word, place
