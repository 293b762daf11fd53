"""The head of a photo, stretched about its centre."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from proface.faces.mesh import STEADY, axes_of, size_of
from proface.types import Pixels

Floats = NDArray[np.float32]
Points = NDArray[np.float64]

# The head's half axes in eyes-to-mouth distances, and the multiples of them from which on less,
# and beyond which nothing, is stretched.
HEAD = 1.3, 1.7
STRETCHED, STILL = 0.95, 1.45
BORDER = 0.5  # nothing is stretched at the region's border, in eyes-to-mouth distances


def place(mesh: Points, shape: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Pixels along the head's axes, from its centre, in eyes-to-mouth distances: twice h x w."""
    turn, centre = axes_of(mesh), mesh[list(STEADY)].mean(axis=0)
    angle = math.atan2(turn[0, 1], turn[0, 0])
    y, x = np.indices(shape[:2], np.float32)
    x, y = x - np.float32(centre[0]), y - np.float32(centre[1])
    cos, sin, size = math.cos(angle), math.sin(angle), size_of(mesh)
    return (x * cos + y * sin) / size, (y * cos - x * sin) / size


def stretched(pixels: Pixels, mesh: Points, width: float, height: float) -> tuple[Floats, Points]:
    """The head's width and height multiplied.

    Returns:
        What `moved` takes: where each pixel comes from, relative to its place, h x w x 2. And the
        mesh on the stretched head.
    """
    turn, centre, size = axes_of(mesh), mesh[list(STEADY)].mean(axis=0), size_of(mesh)
    angle = math.atan2(turn[0, 1], turn[0, 0])
    cos, sin = math.cos(angle), math.sin(angle)
    u, v = place(mesh, pixels.shape)
    share = (STILL - np.hypot(u / HEAD[0], v / HEAD[1])) / (STILL - STRETCHED)
    rows, columns = np.indices(pixels.shape[:2], np.float32)
    edge = np.minimum(
        np.minimum(rows, pixels.shape[0] - 1 - rows),
        np.minimum(columns, pixels.shape[1] - 1 - columns),
    )
    share = np.clip(np.minimum(share, edge / (BORDER * size)), 0, 1)
    share = share * share * (3 - 2 * share) * size
    du, dv = u * (1 / width - 1) * share, v * (1 / height - 1) * share
    shift = np.stack((du * cos - dv * sin, du * sin + dv * cos), axis=-1)
    apart = mesh[:, :2] - centre[:2]
    along, down = apart @ (cos, sin) * width, apart @ (-sin, cos) * height
    after = mesh.copy()
    after[:, 0] = centre[0] + along * cos - down * sin
    after[:, 1] = centre[1] + along * sin + down * cos
    return np.asarray(shift, np.float32), after


def moved(pixels: Pixels, shift: Floats) -> Pixels:
    """Each pixel from its place plus a shift."""
    import cv2

    rows, columns = (np.arange(side, dtype=np.float32) for side in pixels.shape[:2])
    x, y = shift[..., 0] + columns[None, :], shift[..., 1] + rows[:, None]
    out = cv2.remap(pixels, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.uint8)
