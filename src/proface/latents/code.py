"""From pixels to a region's words and back, in bounded memory: what ties the pieces together."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from proface.latents.carrier import strips
from proface.latents.codebook import CANDIDATES, Codebook, Floats, Integers, Words
from proface.latents.plausible import ENOUGH, Evidence, weigh
from proface.latents.sharing import Groups
from proface.latents.transform import CELL, COEFFICIENTS, analyse, grid
from proface.latents.words import WORDS

# Cells worked on at once, about half a megapixel, so that memory does not grow with the region.
CHUNK = 2048


def slots(height: int, width: int) -> Integers:
    """How many words each cell of an image carries, in raster order."""
    return np.repeat([strip.words for strip in strips(height, width)], grid(height, width)[1])


def encode(codebook: Codebook, pixels: npt.NDArray[np.uint8]) -> Words:
    """Pixels H x W x 3 -> words rows x columns x 108; those a cell does not carry are zero."""
    height, width, _ = pixels.shape
    rows, columns = grid(height, width)
    groups = Groups.of(slots(height, width), WORDS)
    step = max(1, CHUNK // columns)  # rows of cells
    chunks = [(row, slice(row * columns, (row + step) * columns)) for row in range(0, rows, step)]

    @lru_cache(maxsize=1)  # both passes need them: kept for the usual region, of one chunk
    def coefficients_of(row: int) -> Floats:
        """Of the chunk that begins with this row of cells, n x 768."""
        lines = pixels[row * CELL : (row + step) * CELL]
        return analyse(lines, codebook.colour).reshape(-1, COEFFICIENTS)

    losses = np.empty((rows * columns, len(codebook.rates)), np.float32)
    candidates = np.empty((rows * columns, min(CANDIDATES, len(codebook.scales))), np.int64)
    for row, cells in chunks:
        candidates[cells] = codebook.candidates(coefficients_of(row))
        losses[cells] = codebook.losses(coefficients_of(row), candidates[cells])
    rate = groups.share(losses, codebook.rates)
    positions = groups.positions(codebook.rates[rate])

    stream = np.zeros(int(groups.ends[-1]), np.uint16)
    for row, cells in chunks:
        found = coefficients_of(row)
        # Anew, at the rate that each cell has got by now.
        classes, _loss = codebook.classify(found, candidates[cells], rate[cells])
        modes = classes * len(codebook.rates) + rate[cells]
        packed = codebook.pack(codebook.quantise(found, modes), modes)
        kept = np.arange(packed.shape[1]) < codebook.rates[rate[cells]][:, None]
        places = positions[cells][:, None] + np.arange(packed.shape[1])
        stream[places[kept]] = packed[kept]
    return groups.to_cells(stream).reshape(rows, columns, WORDS)


class Reading:
    """The words of a region, ready to be decoded a part at a time.

    Args:
        codebook: the model's.
        words: rows x columns x 108. Any words decode.
        height, width: of the image in pixels.
    """

    def __init__(self, codebook: Codebook, words: Words, height: int, width: int) -> None:
        self._codebook = codebook
        self._shape = grid(height, width)
        self._groups = Groups.of(slots(height, width), WORDS)
        stream = self._groups.to_stream(words.reshape(-1, WORDS))
        self._positions, self._modes = self._groups.read_sizes(stream, codebook.sizes)
        self._stream = np.append(stream, np.zeros(int(codebook.rates[-1]), np.uint16))

    def decode(self, rows: slice, columns: slice) -> tuple[Floats, Floats]:
        """Coefficients r x c x 768 and expected noise r x c x 3 of a rectangle of cells."""
        cells = np.arange(len(self._modes)).reshape(self._shape)[rows, columns]
        modes = self._modes[cells.ravel()]
        most = np.arange(int(self._codebook.rates[-1]))
        words = self._stream[self._positions[cells.ravel()][:, None] + most]
        values = self._codebook.dequantise(self._codebook.unpack(words, modes), modes)
        noise = self._codebook.noise_of(modes)
        return values.reshape(*cells.shape, -1), noise.reshape(*cells.shape, 3)

    def evidence(self) -> tuple[Evidence, Evidence]:
        """Of groups and of cells, what speaks for a picture, not for noise; see `plausible`."""
        stream = self._stream[: int(self._groups.ends[-1])]
        return weigh(self._codebook, self._groups, stream, self._positions, self._modes)

    def plausible(self) -> npt.NDArray[np.bool_]:
        """Which cells have words that look like a picture's, not like noise: rows x columns.

        Right words always do.
        """
        groups, cells = self.evidence()
        supported = groups.plausible[self._groups.group_of_cells()] | (cells.reached >= ENOUGH)
        return (cells.plausible & supported).reshape(self._shape)
