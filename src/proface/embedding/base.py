"""The interface of embeddings: uniform words into the pixels of a cover, and out again.

The only inputs are the cover and the words. The words are padded with a keystream, so the result
depends on the look and on uniform noise, whatever is hidden (docs/THREAT_MODEL.md).
"""

from __future__ import annotations

from enum import Enum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from proface.types import Pixels

Words = npt.NDArray[np.uint16]
Integers = npt.NDArray[np.int64]


class Change(Enum):
    """Changes that a picture may undergo after it is protected."""

    RECOMPRESSION = "saved again with loss"
    RESIZING = "scaled"
    NOISE = "noise of a few levels"


class Embedding(Protocol):
    """A way to hide words in pixels; tests/embedding has the contract that each must pass.

    Attributes:
        survives: the changes after which the words can still be extracted. If empty, a protected
            picture must be kept bit for bit.
    """

    @property
    def survives(self) -> frozenset[Change]: ...  # noqa: D102

    def capacity(self, height: int, width: int) -> Integers:
        """The number of words that each unit of a picture of this size carries, an array of units.

        A unit is a part of the picture, such as a cell of pixels.
        """

    def embed(self, cover: Pixels, words: Words) -> Pixels:
        """Hide words.

        Args:
            cover: H x W x 3.
            words: capacity's shape x n, n at least the maximum capacity. Of each unit, only the
                first `capacity` words are carried.

        Returns:
            The protected picture, H x W x 3: a function of the two arguments, close to the cover.
        """

    def extract(self, protected: Pixels) -> Words:
        """The words of a protected picture, in the shape of `embed`; others are zero."""
