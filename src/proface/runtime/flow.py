"""The padded flow as users and the pipeline call it: pixels in, pixels out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from proface.errors import UsageError
from proface.keys import Key, flow_key, keystream
from proface.latents import (
    CELL,
    WORDS,
    Codebook,
    Reading,
    encode,
    grid,
    hide_words,
    seek_words,
)
from proface.latents.transform import to_cells
from proface.runtime.engine import DEFAULT_DEVICE, Engine, make_engine
from proface.runtime.models import Card

Pixels = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint16]
Floats = npt.NDArray[np.float32]

# The network works on a tile at a time, so that memory does not grow with the region.
TILE = 32  # cells on a side: 512 pixels
HALO = 2  # cells around a tile, 32 pixels: more than the network's receptive field of 20


class Flow:
    """A loaded model. `load_flow` makes one.

    Attributes:
        card: what it is.
        name, digest, mode: of the card.
    """

    def __init__(self, card: Card, device: str = DEFAULT_DEVICE) -> None:
        self.card = card
        self.name, self.digest, self.mode = card.name, card.digest, card.mode
        self._codebook = Codebook.from_bytes(card.read("codebook"))
        self._engine: Engine = make_engine(card.read("network"), device)

    def protect(self, x: Pixels, o: Pixels, key: Key, nonce: bytes) -> Pixels:
        """Hide the original in its obfuscated image.

        Args:
            x: original, H x W x 3, uint8 RGB, any size from 2 x 2.
            o: obfuscated image, of the same shape.
            key: password or key file.
            nonce: 16 fresh random bytes, for this image alone; with a password they are the salt
                of Argon2id too. **Used twice**, they make the same pad: the difference of the two
                images' latents, and with it much of both faces, is then plain to anyone.

        Returns:
            The protected image, of the same shape; it must be kept exactly.
        """
        _check_pair(x, o)
        return self.hide(x, o, self._pad(x, key, nonce))

    def recover(self, p: Pixels, key: Key, nonce: bytes) -> Pixels:
        """Bring the original back from the exact protected image. A wrong key yields noise."""
        _check_image(p)
        return self.reveal(p, self._pad(p, key, nonce))

    def _pad(self, image: Pixels, key: Key, nonce: bytes) -> Words:
        height, width = image.shape[:2]
        face_key = flow_key(key, nonce, model=self.digest, height=height, width=width)
        return keystream(face_key, self.words(height, width))

    def words(self, height: int, width: int) -> int:
        """How many 16-bit words of pad an image of this size takes."""
        rows, columns = grid(height, width)
        return rows * columns * WORDS

    def hide(self, x: Pixels, o: Pixels, pad: Words) -> Pixels:
        """As `protect`, under a pad of `words(H, W)` words, in the order rows x columns x 108."""
        latents = encode(self._codebook, x)
        # uint16 arithmetic wraps: this is the one-time pad, modulo 2^16.
        return hide_words(o, latents + pad.reshape(latents.shape))

    def reveal(self, p: Pixels, pad: Words) -> Pixels:
        """As `recover`, under the pad that `hide` was given."""
        height, width = p.shape[:2]
        rows, columns = grid(height, width)
        latents = seek_words(p) - pad.reshape(rows, columns, WORDS)
        reading = Reading(self._codebook, latents, height, width)
        recovered = np.empty_like(p)
        for (top, bottom, left, right), inner in _tiles(rows, columns):
            coefficients, noise = reading.decode(slice(top, bottom), slice(left, right))
            area = p[top * CELL : bottom * CELL, left * CELL : right * CELL]
            whole = self._decode(coefficients, noise, area)
            y0, y1, x0, x1 = (edge * CELL for edge in inner)
            target = recovered[y0:y1, x0:x1]
            y, x = y0 - top * CELL, x0 - left * CELL
            target[:] = whole[y : y + target.shape[0], x : x + target.shape[1]]
        return recovered

    def _decode(self, coefficients: Floats, noise: Floats, p: Pixels) -> Pixels:
        """What some cells stand for, and their protected pixels -> all their pixels, 8 bits."""
        rows, columns, _ = noise.shape
        cells = to_cells(p)  # repeats the border where the last cell stands out
        protected = cells.transpose(4, 0, 2, 1, 3).reshape(1, 3, rows * CELL, columns * CELL)
        recovered = self._engine.run(
            np.ascontiguousarray(coefficients.transpose(2, 0, 1))[None],
            np.ascontiguousarray(noise.transpose(2, 0, 1))[None],
            protected.astype(np.float32),
        )
        levels: Pixels = np.clip(np.rint(recovered[0]), 0, 255).astype(np.uint8)
        return levels.transpose(1, 2, 0)


def _tiles(rows: int, columns: int) -> Iterator[tuple[tuple[int, int, int, int], ...]]:
    """Tiles of cells: (top, bottom, left, right) with the halo, and without."""
    for y in range(0, rows, TILE):
        for x in range(0, columns, TILE):
            bottom, right = min(y + TILE, rows), min(x + TILE, columns)
            around = (
                max(y - HALO, 0),
                min(bottom + HALO, rows),
                max(x - HALO, 0),
                min(right + HALO, columns),
            )
            yield around, (y, bottom, x, right)


def _check_image(image: Pixels) -> None:
    if (
        not isinstance(image, np.ndarray)
        or image.dtype != np.uint8
        or image.ndim != 3
        or image.shape[2] != 3
        or min(image.shape[:2]) < 2
    ):
        raise UsageError("An image must be a uint8 array of height x width x 3, 2 x 2 or larger.")


def _check_pair(x: Pixels, o: Pixels) -> None:
    _check_image(x)
    _check_image(o)
    if x.shape != o.shape:
        raise UsageError(f"Original {x.shape} and obfuscated image {o.shape} differ in shape.")
