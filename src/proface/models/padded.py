"""The padded flow: codec, one-time pad, embedding. Only integer arithmetic protects.

protect   x --codec--> words --(+ pad mod 2^16)--> uniform words --embedding, in o--> p
recover   p --embedding--> uniform words --(- pad mod 2^16)--> words --codec--> recovered
"""

from __future__ import annotations

from collections.abc import Sequence

from proface.codec.base import Integers
from proface.codec.cell_codec import CellCodec
from proface.codec.codebook import Codebook
from proface.codec.mixed_radix import WORDS
from proface.embedding.base import Change, Words
from proface.embedding.lattice import Lattice
from proface.inference.engine import DEFAULT_DEVICE, make_engine
from proface.models.cards import Card
from proface.models.flow import Flow
from proface.types import Box, Pixels

QUANTISED = "network-int8"  # the same network in 8-bit integers: not digested, changes no file


class Padded(Flow):
    """A model of the padded flow; see `Flow`. The pad has rows x columns x 108 words."""

    kind = "padded"

    def __init__(self, card: Card, device: str = DEFAULT_DEVICE) -> None:
        super().__init__(card)
        codebook = Codebook.from_bytes(card.read("codebook"))
        part = QUANTISED if device == DEFAULT_DEVICE and QUANTISED in card.files else "network"
        self._codec = CellCodec(codebook, make_engine(card.read(part), device))
        self._embedding = Lattice()

    @property
    def survives(self) -> frozenset[Change]:
        """See `Flow`."""
        return self._embedding.survives

    def words(self, height: int, width: int) -> int:
        """See `Flow`."""
        return self._embedding.capacity(height, width).size * WORDS

    def hide(
        self,
        x: Pixels,
        o: Pixels,
        pad: Words,
        public: bytes = b"",
        faces: Sequence[Box] = (),
    ) -> Pixels:
        """See `Flow`."""
        words = self._codec.encode(x, self._embedding.capacity(*x.shape[:2]))
        # The one-time pad: uint16 addition wraps modulo 2^16.
        return self._embedding.embed(o, words + pad.reshape(words.shape))

    def reveal(self, p: Pixels, pad: Words) -> Pixels:
        """See `Flow`."""
        words, capacity = self._read(p, pad)
        return self._codec.decode(words, capacity, p, conceal=self.mode == "obfuscated")

    def draft(self, p: Pixels, pad: Words) -> Pixels:
        """See `Flow`: without the repair network, which adds 0.2 to 0.5 dB."""
        return self._codec.draft(*self._read(p, pad), p.shape[:2])

    def decodes(self, p: Pixels, pad: Words) -> bool | None:
        """See `Flow`; words of a wrong pad pass as a picture's by chance in tiny regions only."""
        return self._codec.is_picture(*self._read(p, pad))

    def _read(self, p: Pixels, pad: Words) -> tuple[Words, Integers]:
        words = self._embedding.extract(p)
        words -= pad.reshape(words.shape)
        return words, self._embedding.capacity(*p.shape[:2])
