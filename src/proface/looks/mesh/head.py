"""The head of a photo, stretched about its centre."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from proface.faces.mesh import STEADY, axes_of, size_of
from proface.looks.shapes import smoothstep
from proface.types import Pixels

Floats = NDArray[np.float32]
Points = NDArray[np.float64]

# The head's half axes in eyes-to-mouth distances, and the multiples of them from which on less,
# and beyond which nothing, is stretched.
HEAD = 1.3, 1.7
STRETCHED, STILL = 0.95, 1.45
BORDER = 0.5  # nothing is stretched at the region's border, in eyes-to-mouth distances


class Head(NamedTuple):
    """Where a head is in its photo."""

    centre: Points  # x, y
    size: float  # its eyes-to-mouth distance, pixels
    cos: float
    sin: float  # of its roll, clockwise

    def place(self, shape: tuple[int, ...]) -> tuple[Floats, Floats]:
        """Pixels along the head's axes, from its centre, by its size: twice h x w."""
        y, x = np.indices(shape[:2], np.float32)
        x, y = x - np.float32(self.centre[0]), y - np.float32(self.centre[1])
        right, down = x * self.cos + y * self.sin, y * self.cos - x * self.sin
        return right / self.size, down / self.size

    def in_photo(self, right: Any, down: Any) -> tuple[Any, Any]:
        """A way along the head's axes as one along the photo's."""
        return right * self.cos - down * self.sin, right * self.sin + down * self.cos


def head_of(mesh: Points) -> Head:
    """The head that a mesh is the face of."""
    turn = axes_of(mesh)
    angle = math.atan2(turn[0, 1], turn[0, 0])
    centre = mesh[list(STEADY), :2].mean(axis=0)
    return Head(centre, size_of(mesh), math.cos(angle), math.sin(angle))


def stretching(head: Head, u: Floats, v: Floats, width: float, height: float) -> Floats:
    """How a photo changes where a head's width and height are multiplied: what `moved` takes.

    Args:
        u, v: see `Head.place`.
    """
    share = (STILL - np.hypot(u / HEAD[0], v / HEAD[1])) / (STILL - STRETCHED)
    rows, columns = np.indices(u.shape, np.float32)
    edge = np.minimum(
        np.minimum(rows, u.shape[0] - 1 - rows), np.minimum(columns, u.shape[1] - 1 - columns)
    )
    share = smoothstep(np.minimum(share, edge / (BORDER * head.size))) * head.size
    shift = head.in_photo(u * (1 / width - 1) * share, v * (1 / height - 1) * share)
    return np.stack(shift, axis=-1).astype(np.float32)


def stretched(mesh: Points, head: Head, width: float, height: float) -> Points:
    """A head's mesh with its width and height multiplied."""
    x, y = (mesh[:, :2] - head.centre).T
    right, down = x * head.cos + y * head.sin, y * head.cos - x * head.sin
    out = mesh.copy()
    out[:, :2] = head.centre + np.stack(head.in_photo(right * width, down * height), axis=-1)
    return out


def moved(pixels: Pixels, shift: Floats) -> Pixels:
    """Each pixel from its place plus a shift, h x w x 2."""
    import cv2

    rows, columns = (np.arange(side, dtype=np.float32) for side in pixels.shape[:2])
    x, y = shift[..., 0] + columns[None, :], shift[..., 1] + rows[:, None]
    out = cv2.remap(pixels, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.uint8)
