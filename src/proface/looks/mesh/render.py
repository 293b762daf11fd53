"""Triangles of a mesh, and the picture of a mesh with another's texture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from proface.faces.mesh import axes_of, size_of
from proface.types import Pixels

Floats = NDArray[np.float32]
Points = NDArray[np.float64]
Triangles = NDArray[np.int64]

SPREAD = 200  # pixels between eyes and mouth where triangles are sought: no two points coincide
SUBPIXEL = 4  # bits of fraction of the corners that OpenCV fills


def triangles_of(mesh: Points) -> Triangles:
    """Delaunay triangles of a mesh as seen from the front: n x 3 numbers of points."""
    import cv2

    flat = (mesh @ axes_of(mesh).T)[:, :2] * (SPREAD / size_of(mesh))
    flat = flat.astype(np.float32)
    low, high = np.floor(flat.min(axis=0)) - 9, np.ceil(flat.max(axis=0)) + 9
    left, top, right, bottom = (int(value) for value in (*low, *high))
    division = cv2.Subdiv2D((left, top, right - left, bottom - top))
    for point in flat:
        division.insert((float(point[0]), float(point[1])))
    corners = np.asarray(division.getTriangleList()).reshape(-1, 1, 2)
    apart = ((corners - flat[None]) ** 2).sum(axis=2)
    nearest, known = apart.argmin(axis=1).reshape(-1, 3), (apart.min(axis=1) < 0.1).reshape(-1, 3)
    distinct = (nearest != np.roll(nearest, 1, axis=1)).all(axis=1)
    return np.asarray(nearest[known.all(axis=1) & distinct])


def rendered(
    pixels: Pixels, texture: Points, mesh: Points, triangles: Triangles, shape: tuple[int, int]
) -> tuple[Floats, NDArray[np.bool_]]:
    """A mesh drawn with the texture of a photo.

    Args:
        pixels: uint8 H x W x 3, the photo.
        texture: 468 x 3, the mesh in the photo.
        mesh: 468 x 3, where it is drawn. Nearer triangles hide those behind; what is seen from
            behind is left out.
        triangles: see `triangles_of`.
        shape: h and w of the result.

    Returns:
        float32 h x w x 3, and where the mesh is: bool h x w.
    """
    import cv2

    a, b, c = (mesh[triangles[:, corner], :2] for corner in range(3))
    ab, ac = b - a, c - a
    area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    seen = np.flatnonzero(area * np.sign(np.median(area)) > 1e-6)
    depth = mesh[triangles[seen], 2].mean(axis=1)
    fixed = np.round(mesh[:, :2] * (1 << SUBPIXEL)).astype(np.int32)
    which = np.full(shape, -1, np.int32)
    for number in seen[np.argsort(-depth)]:
        cv2.fillConvexPoly(which, fixed[triangles[number]], (float(number),), shift=SUBPIXEL)
    inside = which >= 0
    rows, columns = np.nonzero(inside)
    one = which[inside]
    x, y = columns - a[one, 0], rows - a[one, 1]
    u = np.clip((x * ac[one, 1] - y * ac[one, 0]) / area[one], -0.5, 1.5)[:, None]
    v = np.clip((y * ab[one, 0] - x * ab[one, 1]) / area[one], -0.5, 1.5)[:, None]
    p, q, r = (texture[triangles[:, corner], :2][one] for corner in range(3))
    at = np.zeros((*shape, 2), np.float32)
    at[inside] = p + u * (q - p) + v * (r - p)
    drawn = cv2.remap(
        pixels, at[..., 0], at[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(drawn, np.float32), inside
