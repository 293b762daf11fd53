"""Pixels and quantised coefficients: colours, halved planes, the DCT of blocks of 8 x 8."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_LIMIT = 1023  # of a coefficient, in a baseline picture of 8 bits, at a step of 1


def _basis() -> Floats:
    k, n = np.mgrid[:8, :8]
    basis = np.cos((2 * n + 1) * k * np.pi / 16) / 2
    basis[0] /= np.sqrt(2)
    out: Floats = basis.astype(np.float32)
    return out


_BASIS = _basis()
# JFIF 1.02, as floats: no rounding before the coefficients are quantised.
_TO_YCBCR = np.array(
    [
        [0.299, 0.587, 0.114],
        [-0.168735892, -0.331264108, 0.5],
        [0.5, -0.418687589, -0.081312411],
    ],
    np.float32,
)
_TO_RGB = np.linalg.inv(_TO_YCBCR.astype(np.float64)).astype(np.float32)
_CENTRE = np.array([0, 128, 128], np.float32)


def to_ycbcr(rgb: NDArray[np.generic]) -> Floats:
    """H x W x 3, RGB, to floats of Y, Cb and Cr, each 0 to 255."""
    out: Floats = rgb.astype(np.float32) @ _TO_YCBCR.T + _CENTRE
    return out


def to_rgb(ycbcr: Floats) -> Floats:
    """The reverse, as floats, which may lie outside 0 to 255."""
    return np.asarray((ycbcr - _CENTRE) @ _TO_RGB.T, np.float32)


def shrunk(plane: Floats, across: int, down: int) -> Floats:
    """Means of rectangles of `across` x `down` samples, as libjpeg shrinks chroma."""
    if across == 1 and down == 1:
        return plane
    height, width = plane.shape
    parts = plane.reshape(height // down, down, width // across, across)
    return np.asarray(parts.mean((1, 3)), np.float32)


def filled(plane: NDArray[np.generic], height: int, width: int) -> NDArray[np.generic]:
    """Enlarged to the right and below by repeating the last row and column."""
    rows, columns = plane.shape[:2]
    room = [(0, height - rows), (0, width - columns), *[(0, 0)] * (plane.ndim - 2)]
    return np.pad(plane, room, mode="edge") if (rows, columns) != (height, width) else plane


def transformed(plane: Floats) -> Floats:
    """The DCT of each block, not quantised: rows x columns x 64; sides are multiples of 8."""
    height, width = plane.shape
    blocks = (plane - np.float32(128)).reshape(height // 8, 8, width // 8, 8).transpose(0, 2, 1, 3)
    out: Floats = (_BASIS @ blocks @ _BASIS.T).reshape(height // 8, width // 8, 64)
    return out


def restored(coefficients: Floats) -> Floats:
    """The plane again; sample values around 0 to 255, neither rounded nor clipped."""
    rows, columns = coefficients.shape[:2]
    blocks = _BASIS.T @ coefficients.reshape(rows, columns, 8, 8) @ _BASIS + np.float32(128)
    out: Floats = blocks.transpose(0, 2, 1, 3).reshape(8 * rows, 8 * columns).astype(np.float32)
    return out


def quantised(coefficients: Floats, steps: NDArray[np.uint16]) -> NDArray[np.int16]:
    """Whole numbers of steps, the nearest; within what a baseline picture can hold."""
    wide = np.rint(coefficients / steps.astype(np.float32))
    return np.clip(wide, -_LIMIT, _LIMIT).astype(np.int16)


def values(coefficients: NDArray[np.int16], steps: NDArray[np.uint16]) -> Floats:
    """Coefficients times their steps."""
    return coefficients.astype(np.float32) * steps.astype(np.float32)
