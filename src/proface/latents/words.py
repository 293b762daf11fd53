"""Levels <-> latents: a cell's 76 words of 16 bits, each a mixed-radix number of several levels.

A coefficient that takes one of r levels is a digit of radix r. Digits share a word as long as the
product of their radices stays within 65,536; the first word begins with the mode, which says how
to read the rest. Where digits go follows from the radices alone, so it need not be stored.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from proface.errors import ModelError

WORDS = 76  # of a cell: 1,216 bits, 19 for every twelve of its 768 samples
WORD_RANGE = 1 << 16

Integers = npt.NDArray[np.int64]


def place_digits(radices: npt.NDArray[np.integer], modes: int) -> tuple[Integers, Integers]:
    """Which word holds each coefficient's digit, and the place value that it has there.

    Widest radix first, each into the first word with room: coarse digits, which matter most, come
    first, so that a region too small for all words loses the finest ones. Coefficients of radix 1
    carry nothing: word -1, place 0.

    Args:
        radices: levels of each coefficient, one dimension, each 1..65536.
        modes: how many modes word 0 must tell apart.

    Raises:
        ModelError: the radices do not fit into the words of a cell.
    """
    word = np.full(len(radices), -1, np.int64)
    place = np.zeros(len(radices), np.int64)
    filled = np.ones(WORDS, np.int64)
    filled[0] = modes
    for i in np.argsort(-radices, kind="stable"):
        radix = int(radices[i])
        if radix == 1:
            break
        room = np.flatnonzero(filled * radix <= WORD_RANGE)
        if not len(room):
            raise ModelError("The model's codebook asks for more words than a cell has.")
        word[i], place[i] = room[0], filled[room[0]]
        filled[room[0]] *= radix
    return word, place
