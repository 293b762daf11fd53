"""The robust flow: face coder, one-time pad, lattice on DCT coefficients. Survives JPEG.

protect   x --coder--> two streams --(+ pad mod 2^16)--> uniform words --embedding, in o--> p
recover   p --embedding--> words --(- pad mod 2^16)--> streams --coder, repair--> recovered

The base layer carries a coarse picture of the face and outlives scaling; the detail layer carries
a complete one. Each stream begins with a CRC-32, so that a wrong pad is noticed; its length follows
from the region's size alone. One of the layers begins with public bytes, which are not padded: what
recovery needs when the header is gone (`container.pixel_description`).
"""

from __future__ import annotations

import functools
import hashlib
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from proface.codec import face_coder
from proface.codec.face_repair import repair
from proface.codec.focus import focused
from proface.embedding.base import Change, Words
from proface.embedding.dct_lattice import DctLattice
from proface.embedding.error_correction import Bits
from proface.embedding.layer_tables import parse_shaped_table, parse_tables
from proface.embedding.layers import Layer
from proface.errors import DamagedFileError
from proface.inference.engine import DEFAULT_DEVICE, Engine, make_engine
from proface.models.cards import Card
from proface.models.flow import Flow, Revealed
from proface.models.public_words import PUBLIC_WORDS, known_bits, public_bytes, whiten
from proface.types import Box, Pixels, Place

if TYPE_CHECKING:
    from proface.embedding.equaliser import Equalisers
    from proface.embedding.finder.grid import Tools

# With fewer words, the base layer leaves the public bytes to the detail layer: the coarse face
# would have no room.
LEAST_BASE_WORDS = 96
_CHECK_WORDS = 2  # of each stream: its CRC-32


class Robust(Flow):
    """A model of the robust flow; see `Flow`. The pad covers both layers."""

    kind = "robust"

    def __init__(self, card: Card, device: str = DEFAULT_DEVICE) -> None:
        super().__init__(card)
        self.embedding = DctLattice(
            parse_tables(card.read("tables")), parse_shaped_table(card.read("shaped"))
        )
        self._device = device

    @property
    def survives(self) -> frozenset[Change]:
        """See `Flow`."""
        return self.embedding.survives

    def words(self, height: int, width: int) -> int:
        """See `Flow`: 0 for images that are too small or too large."""
        if max(height, width) > face_coder.MAX_SIDE:
            return 0
        return int(self.embedding.capacity(height, width).sum())

    def public_bytes(self, height: int, width: int) -> int:
        """See `Flow`."""
        return 2 * PUBLIC_WORDS if any(self.starts(height, width)) else 0

    def stream_bytes(self, height: int, width: int) -> tuple[int, int]:
        """Bytes of the coarse and of the complete picture; 0 for one that has no room."""
        if not self.words(height, width):
            return 0, 0
        base, detail = (int(count) for count in self.embedding.capacity(height, width))
        starts = self.starts(height, width)
        return _room(base - starts[0]), _room(detail - starts[1])

    def hide(
        self,
        x: Pixels,
        o: Pixels,
        pad: Words,
        public: bytes = b"",
        faces: Sequence[Box] = (),
    ) -> Pixels:
        """See `Flow`. Where `words` is 0, p is the look alone."""
        return self.hide_streams(self.streams(x, faces), o, pad, public)

    def streams(self, x: Pixels, faces: Sequence[Box] = ()) -> tuple[bytes, bytes]:
        """The coarse and the complete picture, each of as many bytes as `stream_bytes` says.

        faces: what the coarse one shows best; all alike without any.
        """
        coarse, full = self.stream_bytes(*x.shape[:2])
        return (
            face_coder.encode(focused(x, faces), coarse) if coarse else b"",
            face_coder.encode(x, full) if full else b"",
        )

    def hide_streams(
        self, streams: tuple[bytes, bytes], o: Pixels, pad: Words, public: bytes = b""
    ) -> Pixels:
        """As `hide`, with what `streams` made of the original."""
        height, width = o.shape[:2]
        if not self.words(height, width):
            return o.copy()
        capacity = self.embedding.capacity(height, width)
        words = np.zeros((2, int(capacity.max())), np.uint16)
        pads = np.split(pad, [int(capacity[0])])
        for row, own, count, start, stream in zip(
            words, pads, capacity, self.starts(height, width), streams, strict=True
        ):
            data = zlib.crc32(stream).to_bytes(4, "big") + stream
            # The one-time pad covers all but the public words, also those that stay empty: uint16
            # addition wraps modulo 2^16.
            row[:count] = own
            row[:start] = whiten(public)[:start]
            data = data[: 2 * (count - start)]
            row[start : start + len(data) // 2] += np.frombuffer(data, ">u2").astype(np.uint16)
        return self.embedding.embed(o, words)

    def reveal(self, p: Pixels, pad: Words) -> Pixels:
        """See `Flow`. p has the size at which it was protected; it may be changed as `survives`."""
        return self.read(p, pad).pixels

    def read(self, p: Pixels, pad: Words) -> Revealed:
        """See `Flow`: "coarse" if only the base layer could be read."""
        height, width = p.shape[:2]
        if not self.words(height, width):
            # Nothing is hidden in such a size; of a forged one, reading would take much memory.
            return Revealed(p, "none", False, "")
        return self._revealed(*self.embedding.read(p), pad, (height, width))

    def picture(self, stream: bytes, height: int, width: int) -> Pixels:
        """The face of one of the `streams`, decoded and repaired, height x width x 3.

        Raises:
            DamagedFileError: the bytes are no such stream.
        """
        return self._repaired(face_coder.decode(stream, height, width), stream)

    def _repaired(self, decoded: Pixels, stream: bytes) -> Pixels:
        return decoded if self._repair is None else repair(self._repair, decoded, stream)

    def read_scaled(
        self,
        picture: Pixels,
        place: Place,
        shape: tuple[int, int],
        pad: Words,
        known: tuple[bytes, bytes] | None = None,
    ) -> Revealed | None:
        """See `Flow`: the base layer alone."""
        from proface.embedding.block_transform import to_luma
        from proface.embedding.scaled_reading import read_scaled

        if not self.stream_bytes(*shape)[0]:
            return None
        priors = [] if known is None or not self.starts(*shape)[0] else [known_bits(*known)]
        luma = to_luma(picture)
        base = read_scaled(self.embedding, self.equalisers, luma, place, shape, priors)
        count = int(self.embedding.capacity(*shape)[1])
        detail = Layer(np.zeros(count, np.uint16), False, 0.5, "scaled")
        return self._revealed(base, detail, pad, shape)

    def _revealed(self, base: Layer, detail: Layer, pad: Words, shape: tuple[int, int]) -> Revealed:
        height, width = shape
        is_plain = len(detail.words) != self.embedding.count("shaped", height, width)
        starts = self._starts("plain" if is_plain else "shaped", height, width)
        pads = np.split(pad, [len(base.words)])
        condition = describe_state(detail if detail.intact else base)
        wrong = False
        quality: Literal["full", "coarse"]
        for quality, layer, start, own in (
            ("full", detail, starts[1], pads[1]),
            ("coarse", base, starts[0], pads[0]),
        ):
            length = _room(len(layer.words) - start)
            if not layer.intact or not length:
                continue
            data = (layer.words - own[: len(layer.words)])[start:].astype(">u2").tobytes()
            check, stream = data[:4], data[4 : 4 + length]
            if zlib.crc32(stream).to_bytes(4, "big") != check:
                wrong = True
                continue
            try:
                decoded = face_coder.decode(stream, height, width)
            except DamagedFileError:  # made by somebody who has the key
                continue
            finish = functools.partial(self._repaired, stream=stream)
            return Revealed(decoded, quality, False, condition, finish)
        seed = base.words.tobytes() + detail.words.tobytes() + pad.tobytes()
        noise = hashlib.shake_128(seed).digest(height * width * 3)
        pixels = np.frombuffer(noise, np.uint8).reshape(height, width, 3)
        return Revealed(pixels, "none", wrong, condition)

    def find(
        self,
        picture: Pixels,
        original_size: tuple[int, int] | None = None,
        alike: Callable[[bytes, int, int], tuple[bytes, bytes]] | None = None,
        *,
        brief: bool = False,
    ) -> list[tuple[bytes, Place, tuple[float, float]]]:
        """See `Flow`."""
        # OpenCV is loaded only where a region is looked for.
        from proface.embedding.finder.find import find_regions

        size = None if original_size is None else original_size[::-1]
        tools = self._tools
        if alike is not None:

            def others(layer: Layer, left: int, top: int) -> Bits:
                return known_bits(*alike(public_bytes(layer.words[:PUBLIC_WORDS]), left, top))

            tools = replace(tools, alike=others)
        return [
            (
                public_bytes(one.content.words[:PUBLIC_WORDS]),
                Place(
                    one.left * one.scale[0],
                    one.top * one.scale[1],
                    one.width * one.scale[0],
                    one.height * one.scale[1],
                ),
                one.scale,
            )
            for one in find_regions(picture, tools, size, brief=brief)
        ]

    @functools.cached_property
    def _repair(self) -> Engine | None:
        """The network that repairs decoded faces; models of before it lack one."""
        if "repair" not in self.card.files:
            return None
        return make_engine(self.card.read("repair"), self._device)

    @functools.cached_property
    def _tools(self) -> Tools:
        """What regions are recognised by."""
        from proface.embedding.finder.evidence import parse_finder_tables
        from proface.embedding.finder.grid import Tools

        lattices = {**self.embedding.tables, "shaped": self.embedding.shaped}
        tables = parse_finder_tables(self.card.read("finder"), lattices)
        return Tools(self.embedding, tables, self._public_layer, self.equalisers)

    @functools.cached_property
    def equalisers(self) -> Equalisers:
        """For the base layer of scaled pictures."""
        from proface.embedding.equaliser import parse_equalisers

        return parse_equalisers(self.card.read("scaled"))

    def starts(self, height: int, width: int) -> tuple[int, int]:
        """How many public words the base and the detail layer begin with."""
        if max(height, width) > face_coder.MAX_SIDE:
            return 0, 0
        return self._starts("shaped", height, width)

    def _starts(self, detail: str, height: int, width: int) -> tuple[int, int]:
        """As `starts`, with a shaped or a plain detail layer."""
        if self.embedding.count("base", height, width) >= LEAST_BASE_WORDS:
            return PUBLIC_WORDS, 0
        words = self.embedding.count(detail, height, width)
        return 0, PUBLIC_WORDS if words >= 2 * PUBLIC_WORDS else 0

    def _public_layer(self, height: int, width: int) -> str | None:
        """The layer that begins with public words."""
        base, detail = self.starts(height, width)
        return "base" if base else "detail" if detail else None


def _room(words: int) -> int:
    """Bytes of the stream that so many words hold after its checksum; 0 if too few."""
    room = 2 * (words - _CHECK_WORDS)
    return min(room, face_coder.MAX_LENGTH) if room >= face_coder.MIN_LENGTH else 0


def describe_state(layer: Layer) -> str:
    """What happened to a picture, from the state that fits its layer best; "" if nothing did."""
    match = re.match(r"(?:x(\.\d+) )?([a-z]+)(\d*)(?:_(\d\d)\b)?", layer.state)
    if match is None or match[2] in ("png", "noise"):
        return "" if match is None or match[2] == "png" else "changed by noise"
    name = {"jpeg": "JPEG", "webp": "WebP"}.get(match[2], match[2])
    if match[2] == "jpeg" and not match[1] and match[3] == "95":  # fits untouched pixels too
        return "hardly changed, if at all"
    compressed = f"compressed to about {name} quality {match[4] or match[3]}"
    return f"scaled to about {float(match[1]):.0%} and {compressed}" if match[1] else compressed
