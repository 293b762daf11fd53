"""The codec's functions for pictures whose words the lattice carries."""

from __future__ import annotations

import numpy as np

from proface.codec.cell_codec import CellDecoder
from proface.codec.cell_codec import encode as encode_cells
from proface.codec.codebook import Codebook
from proface.codec.transform import CELL, cosine_matrix
from proface.embedding.lattice import Lattice

LATTICE = Lattice()


def encode(codebook: Codebook, x: np.ndarray) -> np.ndarray:
    return encode_cells(codebook, x, LATTICE.capacity(*x.shape[:2]))


def read(codebook: Codebook, words: np.ndarray, height: int, width: int) -> CellDecoder:
    return CellDecoder(codebook, words, LATTICE.capacity(height, width))


def synthesise(coefficients: np.ndarray, colour: np.ndarray, height: int, width: int) -> np.ndarray:
    """The inverse of `analyse`: coefficients -> float32 pixels H x W x 3, unclipped, unrounded."""
    rows, columns = coefficients.shape[:2]
    spectrum = coefficients.reshape(rows, columns, 3, CELL, CELL)
    cosine = cosine_matrix()
    cells = np.einsum("ky,rctkl,lx,ts->rycxs", cosine, spectrum, cosine, colour, optimize=True)
    image = cells.reshape(rows * CELL, columns * CELL, 3)[:height, :width]
    return np.asarray(image + 128, np.float32)
