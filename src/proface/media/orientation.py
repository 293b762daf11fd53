"""EXIF orientation (EXIF 2.32, tag 0x0112): between stored and upright pixels and boxes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from proface.types import Box


class _Steps(NamedTuple):
    """Makes stored rows upright: first swap rows and columns, then reverse rows and columns."""

    swap: bool
    rows: bool
    columns: bool


_STEPS = {
    1: _Steps(False, False, False),
    2: _Steps(False, False, True),
    3: _Steps(False, True, True),
    4: _Steps(False, True, False),
    5: _Steps(True, False, False),
    6: _Steps(True, False, True),
    7: _Steps(True, True, True),
    8: _Steps(True, True, False),
}


def upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn stored pixels H x W (x 3) upright: a view. orientation: 1 to 8."""
    swap, rows, columns = _STEPS[orientation]
    turned = pixels.swapaxes(0, 1) if swap else pixels
    return turned[:: -1 if rows else 1, :: -1 if columns else 1]


def as_stored(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn upright pixels back: the inverse of `upright`, as a new contiguous array."""
    swap, rows, columns = _STEPS[orientation]
    turned = pixels[:: -1 if rows else 1, :: -1 if columns else 1]
    return np.ascontiguousarray(turned.swapaxes(0, 1) if swap else turned)


def stored_box(box: Box, orientation: int, size: tuple[int, int]) -> Box:
    """A box of the upright picture in stored coordinates. size: upright width and height."""
    swap, rows, columns = _STEPS[orientation]
    x = size[0] - box.x - box.w if columns else box.x
    y = size[1] - box.y - box.h if rows else box.y
    return Box(y, x, box.h, box.w) if swap else Box(x, y, box.w, box.h)


def upright_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Width and height of the upright picture, from the stored picture's."""
    return (size[1], size[0]) if _STEPS[orientation].swap else size


def upright_box(box: Box, orientation: int, size: tuple[int, int]) -> Box:
    """A box in stored coordinates in the upright picture. size: upright width and height."""
    swap, rows, columns = _STEPS[orientation]
    x, y, w, h = (box.y, box.x, box.h, box.w) if swap else (box.x, box.y, box.w, box.h)
    return Box(size[0] - x - w if columns else x, size[1] - y - h if rows else y, w, h)


def grid_origin(orientation: int, size: tuple[int, int], step: int) -> tuple[int, int]:
    """Where the grid that begins in the stored picture's corner lies in the upright picture.

    size: upright width and height. Returns x and y of the first grid line, 0 to step - 1.
    """
    _swap, rows, columns = _STEPS[orientation]
    return (size[0] % step if columns else 0), (size[1] % step if rows else 0)
