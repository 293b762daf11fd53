"""The padded flow: integers hide the latents of the face under a one-time pad."""

from __future__ import annotations

import numpy as np

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
from proface.runtime.flow import Floats, Flow, Pixels, Words, tiles, to_pixels
from proface.runtime.models import Card

# The network works on a tile at a time, so that memory does not grow with the region.
TILE = 32  # cells on a side: 512 pixels
HALO = 2  # cells around a tile, 32 pixels: more than the network's receptive field of 20


class Padded(Flow):
    """A model of the padded flow; see `Flow`. The pad goes by rows x columns x 108 words."""

    kind = "padded"

    def __init__(self, card: Card, device: str = DEFAULT_DEVICE) -> None:
        super().__init__(card)
        self._codebook = Codebook.from_bytes(card.read("codebook"))
        self._engine: Engine = make_engine(card.read("network"), device)

    def words(self, height: int, width: int) -> int:
        """See `Flow`."""
        rows, columns = grid(height, width)
        return rows * columns * WORDS

    def _hide(self, x: Pixels, o: Pixels, pad: Words) -> Pixels:
        latents = encode(self._codebook, x)
        # uint16 arithmetic wraps: this is the one-time pad, modulo 2^16.
        return hide_words(o, latents + pad.reshape(latents.shape))

    def _reveal(self, p: Pixels, pad: Words) -> Pixels:
        height, width = p.shape[:2]
        rows, columns = grid(height, width)
        latents = seek_words(p) - pad.reshape(rows, columns, WORDS)
        reading = Reading(self._codebook, latents, height, width)
        recovered = p.copy()
        shown = np.ones((rows, columns), bool)
        if self.mode == "obfuscated":  # what a wrong key yields is the look
            shown = reading.plausible()
        for ((top, bottom), (left, right)), inner in tiles(rows, columns, tile=TILE, halo=HALO):
            wanted = shown[slice(*inner[0]), slice(*inner[1])]
            if not wanted.any():
                continue
            coefficients, noise = reading.decode(slice(top, bottom), slice(left, right))
            area = p[top * CELL : bottom * CELL, left * CELL : right * CELL]
            whole = self._decode(coefficients, noise, area)
            (y0, y1), (x0, x1) = ((CELL * a, CELL * b) for a, b in inner)
            target = recovered[y0:y1, x0:x1]
            y, x = y0 - top * CELL, x0 - left * CELL
            found = whole[y : y + target.shape[0], x : x + target.shape[1]]
            pixels = wanted.repeat(CELL, 0).repeat(CELL, 1)[: target.shape[0], : target.shape[1]]
            target[:] = np.where(pixels[..., None], found, target)
        return recovered

    def _decode(self, coefficients: Floats, noise: Floats, p: Pixels) -> Pixels:
        """What some cells stand for, and their protected pixels -> all their pixels, 8 bits."""
        rows, columns, _ = noise.shape
        cells = to_cells(p)  # repeats the border where the last cell stands out
        protected = cells.transpose(4, 0, 2, 1, 3).reshape(1, 3, rows * CELL, columns * CELL)
        inputs = {
            "coefficients": np.ascontiguousarray(coefficients.transpose(2, 0, 1))[None],
            "noise": np.ascontiguousarray(noise.transpose(2, 0, 1))[None],
            "protected": protected.astype(np.float32),
        }
        return to_pixels(self._engine.run(inputs))
