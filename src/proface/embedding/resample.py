"""Brings scaled pictures back to the size at which they were protected, so that words survive.

What scaling down and JPEG weaken, fine detail, is made stronger again: a cubic kernel that
overshoots, and a little sharpening before it. Lattice points then lie nearer to their places; the
best strength differs by look, so that readers try SHARPNESS in turn.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from proface.types import Pixels, Place

Floats = npt.NDArray[np.float32]

SHARPNESS = (0.04, 0.0, 0.1)  # how much a pixel's difference to its four neighbours is enlarged


def enlarged(plane: Floats, shape: tuple[int, int], sharpness: float = SHARPNESS[0]) -> Floats:
    """A picture, H x W or H x W x 3, at another height and width."""
    if shape[0] < plane.shape[0]:
        how = cv2.INTER_AREA
    else:
        how, plane = cv2.INTER_CUBIC, _sharpened(plane, sharpness)
    return np.asarray(cv2.resize(plane, shape[::-1], interpolation=how), np.float32)


def enlarged_part(
    picture: Floats | Pixels, place: Place, shape: tuple[int, int], sharpness: float = SHARPNESS[0]
) -> Floats:
    """A place of a picture, as `enlarged` shows it; the place is not larger than `shape`."""
    first_row, rows = _weights(place.y, place.h, shape[0], picture.shape[0])
    first_column, columns = _weights(place.x, place.w, shape[1], picture.shape[1])
    # With its surroundings, as sharpening looks at neighbours.
    top, left = max(0, first_row - 1), max(0, first_column - 1)
    bottom, right = first_row + rows.shape[1] + 1, first_column + columns.shape[1] + 1
    part = _sharpened(np.asarray(picture[top:bottom, left:right], np.float32), sharpness)
    part = part[first_row - top :, first_column - left :][: rows.shape[1], : columns.shape[1]]
    across = np.tensordot(part, columns, (1, 1))  # H x (3 x) W'
    return np.ascontiguousarray(np.moveaxis(np.tensordot(rows, across, (1, 0)), -1, 1))


def _sharpened(plane: Floats, sharpness: float) -> Floats:
    around = -sharpness
    kernel = np.array(
        [[0, around, 0], [around, 1 + 4 * sharpness, around], [0, around, 0]], np.float32
    )
    return np.asarray(cv2.filter2D(plane, -1, kernel, borderType=cv2.BORDER_REPLICATE), np.float32)


def _weights(start: float, length: float, count: int, size: int) -> tuple[int, Floats]:
    """How `count` pixels across a stretch follow from a row of `size`: first pixel, matrix.

    As OpenCV's cubic interpolation: the kernel of Keys with a = -0.75, edges repeated.
    """
    places = start + (np.arange(count) + 0.5) * (length / count) - 0.5
    lowest = np.floor(places).astype(np.int64)
    distance = places - lowest
    a = -0.75
    outer = [((a * x - 5 * a) * x + 8 * a) * x - 4 * a for x in (distance + 1, 2 - distance)]
    inner = [((a + 2) * x - (a + 3)) * x * x + 1 for x in (distance, 1 - distance)]
    taps = np.stack([outer[0], inner[0], inner[1], outer[1]])
    at = np.clip(lowest + np.arange(-1, 3)[:, None], 0, size - 1)
    first = int(at.min())
    matrix = np.zeros((count, int(at.max()) - first + 1), np.float32)
    for tap, column in zip(taps, at, strict=True):
        np.add.at(matrix, (np.arange(count), column - first), tap)
    return first, matrix
