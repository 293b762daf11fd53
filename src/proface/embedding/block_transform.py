"""A picture as DCT coefficients on the grid of 8, and back: luma, and chroma at half size.

The bands of a block of 8 x 8 are what JPEG rounds. A *merged* band is the orthonormal m x m DCT of
one band of m x m neighbouring blocks: its first coefficients describe low frequencies of larger
blocks, and whatever is written into other bands leaves them alone, exactly.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from proface.types import Pixels

Floats = npt.NDArray[np.float32]

SIDE = 8  # of a block, as in JPEG
GRID = 16  # a region's height and width are multiples: whole blocks of chroma at half size

# JFIF: luma and the two chroma planes, without their offset of 128.
TO_YCC = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32
)
TO_RGB = np.linalg.inv(TO_YCC.astype(np.float64)).astype(np.float32)


@functools.cache
def basis(size: int) -> Floats:
    """The orthonormal DCT-II as a matrix of size x size: one frequency a row."""
    place, frequency = np.arange(size) + 0.5, np.arange(size)[:, None]
    rows = np.sqrt(2 / size) * np.cos(np.pi / size * frequency * place)
    rows[0] /= np.sqrt(2)
    return np.asarray(rows, np.float32)


def to_planes(picture: Pixels | Floats) -> list[Floats]:
    """Luma, H x W, and both chroma planes averaged over 2 x 2 pixels, H/2 x W/2 (both even)."""
    ycc = picture.astype(np.float32) @ TO_YCC.T
    return [np.ascontiguousarray(ycc[..., 0]), *(_halve(ycc[..., plane]) for plane in (1, 2))]


def to_luma(picture: Pixels) -> Floats:
    """The luma plane, H x W, of a picture H x W x 3."""
    return np.ascontiguousarray(picture.astype(np.float32) @ TO_YCC[0])


def _halve(plane: Floats) -> Floats:
    total = plane[::2, ::2] + plane[::2, 1::2] + plane[1::2, ::2] + plane[1::2, 1::2]
    return np.asarray(total / 4, np.float32)


def to_bands(plane: Floats, side: int = SIDE) -> Floats:
    """Coefficients of blocks, H x W -> side x side x H/side x W/side: frequencies, then blocks."""
    height, width = plane.shape[0] // side, plane.shape[1] // side
    rows = plane.reshape(height * side * width, side) @ basis(side).T
    columns = rows.reshape(height, side, width, side).transpose(0, 2, 3, 1) @ basis(side).T
    return np.ascontiguousarray(columns.transpose(3, 2, 0, 1))


def from_bands(bands: Floats) -> Floats:
    """The plane of the coefficients: the inverse of `to_bands`."""
    side, _, height, width = bands.shape
    rows = bands.transpose(2, 3, 1, 0) @ basis(side)  # h x w x across x pixel down
    pixels = rows.transpose(0, 3, 1, 2) @ basis(side)  # h x pixel down x w x pixel across
    return np.ascontiguousarray(pixels.reshape(height * side, width * side))


def change_picture(picture: Pixels, changes: list[Floats]) -> Pixels:
    """The picture plus changes of its three planes (as `to_planes` shapes them), rounded."""
    ycc = np.stack([changes[0], *(_double(plane) for plane in changes[1:])], axis=-1)
    return np.clip(np.rint(picture + ycc @ TO_RGB.T), 0, 255).astype(np.uint8)


def _double(plane: Floats) -> Floats:
    return plane.repeat(2, axis=0).repeat(2, axis=1)
