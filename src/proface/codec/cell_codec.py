"""The codec of padded models: pixels to a region's words and back, in bounded memory."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from proface.codec.base import Floats, Integers, Words
from proface.codec.bit_allocation import Groups
from proface.codec.codebook import BLOCK, CANDIDATES, Codebook, blocks
from proface.codec.mixed_radix import WORDS
from proface.codec.noise_detection import SUFFICIENT, LogRatios, log_ratios
from proface.codec.transform import CELL, COEFFICIENTS, analyse, synthesise, to_cells
from proface.inference.engine import Engine
from proface.inference.tiling import tiles, to_pixels
from proface.types import Pixels

# Both bound memory, whatever the region's size.
CHUNK = 2048  # cells encoded at once, about half a megapixel
TILE = 32  # side of the network's tiles in cells: 512 pixels
HALO = 2  # cells around a tile, 32 pixels: covers the receptive field, which reaches 20


def encode(codebook: Codebook, pixels: Pixels, capacity: Integers) -> Words:
    """Pixels to words.

    Args:
        codebook: the model's.
        pixels: H x W x 3.
        capacity: words of each cell, rows x columns.

    Returns:
        Words rows x columns x 108; those beyond a cell's capacity are zero.
    """
    rows, columns = capacity.shape
    groups = Groups.of(capacity.ravel(), WORDS)
    step = max(1, CHUNK // columns)  # rows of cells
    chunks = [(row, slice(row * columns, (row + step) * columns)) for row in range(0, rows, step)]

    @lru_cache(maxsize=1)  # both passes need them; a typical region has one chunk
    def coefficients_of(row: int) -> Floats:
        """Coefficients of the chunk that begins with this row of cells, n x 768."""
        lines = pixels[row * CELL : (row + step) * CELL]
        return analyse(lines, codebook.colour).reshape(-1, COEFFICIENTS)

    distortions = np.empty((rows * columns, len(codebook.rates)), np.float32)
    candidates = np.empty((rows * columns, min(CANDIDATES, len(codebook.scales))), np.int64)
    for row, cells in chunks:
        candidates[cells] = codebook.candidates(coefficients_of(row))
        distortions[cells] = codebook.estimate_distortions(coefficients_of(row), candidates[cells])
    rate = groups.allocate(distortions, codebook.rates)
    positions = groups.positions(codebook.rates[rate])

    stream = np.zeros(int(groups.ends[-1]), np.uint16)
    for row, cells in chunks:
        coefficients = coefficients_of(row)
        # Classified again, now at the rate allocated to each cell.
        classes, _distortion = codebook.classify(coefficients, candidates[cells], rate[cells])
        modes = classes * len(codebook.rates) + rate[cells]
        packed = codebook.pack(codebook.quantise(coefficients, modes), modes)
        used = np.arange(packed.shape[1]) < codebook.rates[rate[cells]][:, None]
        places = positions[cells][:, None] + np.arange(packed.shape[1])
        stream[places[used]] = packed[used]
    return groups.to_cells(stream).reshape(rows, columns, WORDS)


class CellDecoder:
    """Decodes rectangles of cells from the words of a region.

    Args:
        codebook: the model's.
        words: rows x columns x 108. Any words decode.
        capacity: words of each cell, rows x columns, as `encode` was given it.
    """

    def __init__(self, codebook: Codebook, words: Words, capacity: Integers) -> None:
        self._codebook = codebook
        self._shape = capacity.shape
        self._groups = Groups.of(capacity.ravel(), WORDS)
        stream = self._groups.to_stream(words.reshape(-1, WORDS))
        self._positions, self._modes = self._groups.read_modes(stream, codebook.sizes)
        self._stream = np.append(stream, np.zeros(int(codebook.rates[-1]), np.uint16))

    def decode(self, rows: slice, columns: slice) -> tuple[Floats, Floats]:
        """Coefficients r x c x 768 and RMS quantisation noise r x c x 3 of a rectangle."""
        cells = np.arange(len(self._modes)).reshape(self._shape)[rows, columns]
        modes, positions = self._modes[cells.ravel()], self._positions[cells.ravel()]
        most = np.arange(int(self._codebook.rates[-1]))
        values = np.empty((len(modes), COEFFICIENTS), np.float32)
        for part in blocks(len(modes)):
            words = self._stream[positions[part][:, None] + most]
            digits = self._codebook.unpack(words, modes[part])
            values[part] = self._codebook.dequantise(digits, modes[part])
        noise = self._codebook.noise_of(modes)
        return values.reshape(*cells.shape, -1), noise.reshape(*cells.shape, 3)

    def log_ratios(self) -> tuple[LogRatios, LogRatios]:
        """Log-likelihood ratios of groups and of cells; see `noise_detection`."""
        stream = self._stream[: int(self._groups.ends[-1])]
        return log_ratios(self._codebook, self._groups, stream, self._positions, self._modes)

    def accepted_cells(self) -> npt.NDArray[np.bool_]:
        """Which cells pass the test against noise, rows x columns. Correct words always pass."""
        groups, cells = self.log_ratios()
        supported = groups.accepted[self._groups.group_of_cells()] | (cells.observed >= SUFFICIENT)
        return (cells.accepted & supported).reshape(self._shape)


class CellCodec:
    """Quantisation tables, and the network that reconstructs pixels; see `base.Codec`.

    Args:
        codebook: the tables.
        engine: runs the network that turns coefficients into pixels.
    """

    def __init__(self, codebook: Codebook, engine: Engine) -> None:
        self._codebook, self._engine = codebook, engine

    def encode(self, pixels: Pixels, capacity: Integers) -> Words:
        """See `base.Codec`."""
        return encode(self._codebook, pixels, capacity)

    def decode(
        self, words: Words, capacity: Integers, protected: Pixels, *, conceal: bool = False
    ) -> Pixels:
        """See `base.Codec`."""
        rows, columns = capacity.shape
        decoder = CellDecoder(self._codebook, words, capacity)
        recovered = protected.copy()
        shown = decoder.accepted_cells() if conceal else np.ones((rows, columns), bool)
        for ((top, bottom), (left, right)), inner in tiles(rows, columns, tile=TILE, halo=HALO):
            wanted = shown[slice(*inner[0]), slice(*inner[1])]
            if not wanted.any():
                continue
            coefficients, noise = decoder.decode(slice(top, bottom), slice(left, right))
            area = protected[top * CELL : bottom * CELL, left * CELL : right * CELL]
            whole = self._synthesise(coefficients, noise, area)
            (y0, y1), (x0, x1) = ((CELL * a, CELL * b) for a, b in inner)
            target = recovered[y0:y1, x0:x1]
            y, x = y0 - top * CELL, x0 - left * CELL
            found = whole[y : y + target.shape[0], x : x + target.shape[1]]
            pixels = wanted.repeat(CELL, 0).repeat(CELL, 1)[: target.shape[0], : target.shape[1]]
            target[:] = np.where(pixels[..., None], found, target)
        return recovered

    def draft(self, words: Words, capacity: Integers, shape: tuple[int, int]) -> Pixels:
        """As `decode` for a picture of this height and width, without the network."""
        rows, columns = capacity.shape
        decoder = CellDecoder(self._codebook, words, capacity)
        picture = np.empty((*shape, 3), np.uint8)
        step = max(1, BLOCK // columns)
        for row in range(0, rows, step):
            coefficients, _noise = decoder.decode(slice(row, row + step), slice(None))
            levels = synthesise(coefficients, self._codebook.colour)
            band = picture[row * CELL : (row + step) * CELL]
            band[:] = to_pixels(levels.transpose(2, 0, 1)[None])[: len(band), : shape[1]]
        return picture

    def is_picture(self, words: Words, capacity: Integers) -> bool:
        """Whether most cells pass the test against noise; those of right words all do."""
        cells = CellDecoder(self._codebook, words, capacity).accepted_cells()
        return bool(cells.mean() > 0.5)

    def _synthesise(self, coefficients: Floats, noise: Floats, protected: Pixels) -> Pixels:
        """Coefficients of a rectangle of cells and its protected pixels -> its pixels."""
        rows, columns, _ = noise.shape
        cells = to_cells(protected)  # pads the last cells by repeating the border
        seen = cells.transpose(4, 0, 2, 1, 3).reshape(1, 3, rows * CELL, columns * CELL)
        inputs = {
            "coefficients": np.ascontiguousarray(coefficients.transpose(2, 0, 1))[None],
            "noise": np.ascontiguousarray(noise.transpose(2, 0, 1))[None],
            "protected": seen.astype(np.float32),
        }
        return to_pixels(self._engine.run(inputs))
