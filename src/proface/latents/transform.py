"""The linear transform: a 16x16 RGB cell <-> 768 orthonormal coefficients.

A cosine transform gathers a cell's energy in few coefficients, and a colour rotation gathers the
three channels' energy in one. Both are orthonormal, so an error in a coefficient is an error of
the same energy in the pixels.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

CELL = 16  # pixels on a side
COEFFICIENTS = 3 * CELL * CELL  # of a cell: 256 of each rotated colour

Floats = npt.NDArray[np.float32]


def grid(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of cells that cover an image of this size (the last may stand out)."""
    return -(-height // CELL), -(-width // CELL)


@lru_cache(maxsize=1)
def cosine_matrix() -> Floats:
    """The orthonormal DCT-II of length 16, 16 x 16: row k is the k-th frequency."""
    k, n = np.mgrid[0:CELL, 0:CELL]
    matrix = np.sqrt(2 / CELL) * np.cos(np.pi * (2 * n + 1) * k / (2 * CELL))
    matrix[0] /= np.sqrt(2)
    return np.asarray(matrix, np.float32)


def to_cells(image: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """H x W x C -> rows x columns x 16 x 16 x C, the border repeated where a cell stands out."""
    height, width, channels = image.shape
    rows, columns = grid(height, width)
    below, right = rows * CELL - height, columns * CELL - width
    if below or right:
        image = np.pad(image, ((0, below), (0, right), (0, 0)), mode="edge")
    return image.reshape(rows, CELL, columns, CELL, channels).transpose(0, 2, 1, 3, 4)


def from_cells(cells: npt.NDArray[np.generic], height: int, width: int) -> npt.NDArray[np.generic]:
    """The inverse of `to_cells`, cut to height x width."""
    rows, columns, _, _, channels = cells.shape
    image = cells.transpose(0, 2, 1, 3, 4).reshape(rows * CELL, columns * CELL, channels)
    return image[:height, :width]


def analyse(pixels: npt.NDArray[np.generic], colour: Floats) -> Floats:
    """Pixels H x W x 3 in 0..255 -> coefficients rows x columns x 768.

    `colour` is the orthonormal 3 x 3 rotation of the model's codebook; the coefficients of one
    rotated colour stand together, by vertical, then horizontal frequency.
    """
    cells = to_cells(pixels).astype(np.float32) - 128
    cosine = cosine_matrix()
    spectrum = np.einsum("ky,rcyxs,lx,ts->rctkl", cosine, cells, cosine, colour, optimize=True)
    return np.ascontiguousarray(spectrum.reshape(*cells.shape[:2], COEFFICIENTS), np.float32)


def synthesise(coefficients: Floats, colour: Floats, height: int, width: int) -> Floats:
    """The inverse of `analyse`: coefficients -> float32 pixels H x W x 3, unclipped, unrounded."""
    rows, columns = coefficients.shape[:2]
    spectrum = coefficients.reshape(rows, columns, 3, CELL, CELL)
    cosine = cosine_matrix()
    cells = np.einsum("ky,rctkl,lx,ts->rcyxs", cosine, spectrum, cosine, colour, optimize=True)
    return np.asarray(from_cells(cells, height, width) + 128, np.float32)
