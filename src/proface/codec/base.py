"""The interface of codecs: the pixels of a face to a fixed number of words, and back."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from proface.types import Pixels

Floats = npt.NDArray[np.float32]
Words = npt.NDArray[np.uint16]
Integers = npt.NDArray[np.int64]


class Codec(Protocol):
    """An encoding of pixels in words; tests/codec has the contract that each must pass.

    The number of words depends on the picture's size alone: one that depended on the content would
    leak information about it.
    """

    def encode(self, pixels: Pixels, capacity: Integers) -> Words:
        """Pixels to words.

        Args:
            pixels: H x W x 3.
            capacity: words of each unit, from the embedding's `capacity(H, W)`.

        Returns:
            capacity's shape x (maximum words of a unit); those beyond the capacity are zero.
        """

    def decode(
        self, words: Words, capacity: Integers, protected: Pixels, *, conceal: bool = False
    ) -> Pixels:
        """Words to pixels, H x W x 3. Any words decode without error, noise to noise.

        Args:
            words, capacity: as in `encode`.
            protected: the picture that carried the words, H x W x 3.
            conceal: show that picture where the words are noise, as with a wrong key.
        """
