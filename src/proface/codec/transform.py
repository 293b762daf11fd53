"""The linear transform: a 16x16 RGB cell <-> 768 orthonormal coefficients.

A two-dimensional DCT-II concentrates a cell's energy in few coefficients, and a colour rotation
that of the three channels in one. Both are orthonormal, so an error in a coefficient has the same
energy in the pixels.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from proface.codec.base import Floats

CELL = 16  # pixels on a side
COEFFICIENTS = 3 * CELL * CELL  # of a cell: 256 of each rotated colour


def grid(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of cells that cover an image; the last ones may extend beyond it."""
    return -(-height // CELL), -(-width // CELL)


@lru_cache(maxsize=1)
def cosine_matrix() -> Floats:
    """The orthonormal DCT-II of length 16, 16 x 16: row k is the k-th frequency."""
    k, n = np.mgrid[0:CELL, 0:CELL]
    matrix = np.sqrt(2 / CELL) * np.cos(np.pi * (2 * n + 1) * k / (2 * CELL))
    matrix[0] /= np.sqrt(2)
    return np.asarray(matrix, np.float32)


def to_cells(image: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """H x W x C -> rows x columns x 16 x 16 x C, padded by repeating the border."""
    height, width, channels = image.shape
    rows, columns = grid(height, width)
    below, right = rows * CELL - height, columns * CELL - width
    if below or right:
        image = np.pad(image, ((0, below), (0, right), (0, 0)), mode="edge")
    return image.reshape(rows, CELL, columns, CELL, channels).transpose(0, 2, 1, 3, 4)


@lru_cache(maxsize=4)
def _rows_matrix(colour: bytes) -> Floats:
    """What turns a cell's row (16 pixels x 3) into 3 colours x 16 frequencies, 48 x 48."""
    rotation = np.frombuffer(colour, np.float32).reshape(3, 3)
    matrix = np.einsum("lx,ts->xstl", cosine_matrix(), rotation)
    return np.ascontiguousarray(matrix.reshape(3 * CELL, 3 * CELL), np.float32)


def analyse(pixels: npt.NDArray[np.generic], colour: Floats) -> Floats:
    """Pixels H x W x 3 in 0..255 -> coefficients rows x columns x 768.

    `colour` is the orthonormal 3 x 3 rotation of the model's codebook. Coefficients are ordered by
    rotated colour, then vertical, then horizontal frequency.
    """
    cells = to_cells(pixels)
    rows, columns = cells.shape[:2]
    lines = cells.reshape(-1, CELL, 3 * CELL).astype(np.float32)
    lines -= 128
    # Cell by cell: the threads of a BLAS, which larger products start, cost more than they gain.
    spectrum = cosine_matrix() @ lines @ _rows_matrix(colour.astype(np.float32).tobytes())
    ordered = spectrum.reshape(-1, CELL, 3, CELL).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(ordered, np.float32).reshape(rows, columns, COEFFICIENTS)


def synthesise(coefficients: Floats, colour: Floats) -> Floats:
    """The inverse of `analyse`: rows x columns x 768 -> pixels 16 rows x 16 columns x 3."""
    rows, columns, _ = coefficients.shape
    ordered = coefficients.reshape(-1, 3, CELL, CELL).transpose(0, 2, 1, 3)
    spectrum = np.ascontiguousarray(ordered, np.float32).reshape(-1, CELL, 3 * CELL)
    lines = cosine_matrix().T @ spectrum @ _rows_matrix(colour.astype(np.float32).tobytes()).T
    lines += 128
    cells = lines.reshape(rows, columns, CELL, CELL, 3).transpose(0, 2, 1, 3, 4)
    return np.asarray(cells.reshape(rows * CELL, columns * CELL, 3))
