"""Pictures of a face: a square warped from a photo by an affine transform, a mirrored photo."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from proface.faces.resize import shrunk
from proface.types import Face, Pixels


def warp_square(
    pixels: Pixels, matrix: NDArray[np.float64], size: int, *, cubic: bool = True
) -> Pixels:
    """Warp pixels into a square of size x size x 3; beyond the photo its edge is repeated.

    Args:
        pixels: uint8 H x W x 3.
        matrix: affine, 2 x 3, from coordinates in the pixels to those in the square.
        size: side of the square.
        cubic: interpolate cubically, otherwise linearly.
    """
    import cv2

    shrink = max(1, int(0.75 / max(float(np.hypot(matrix[0, 0], matrix[1, 0])), 1e-6)))
    if shrink > 1:  # averaged first, since a warp alone would alias
        height, width = pixels.shape[:2]
        pixels = shrunk(pixels, shrink)
        factors = np.array([width / pixels.shape[1], height / pixels.shape[0]])
        moved = matrix[:, 2] + matrix[:, :2] @ (factors / 2 - 0.5)
        matrix = np.column_stack((matrix[:, :2] * factors, moved))
    edge = cv2.BORDER_REPLICATE
    how = cv2.INTER_CUBIC if cubic else cv2.INTER_LINEAR
    return np.asarray(cv2.warpAffine(pixels, matrix, (size, size), flags=how, borderMode=edge))


def mirrored(pixels: Pixels, face: Face) -> tuple[Pixels, Face]:
    """A photo flipped horizontally, and a face in it; right and left landmarks change places."""
    width = pixels.shape[1]
    marks = [(width - 1 - x, y) for x, y in face.landmarks]
    if marks:
        marks = [marks[n] for n in (1, 0, 2, 4, 3)]
    box = replace(face.box, x=width - face.box.x - face.box.w)
    return np.ascontiguousarray(pixels[:, ::-1]), replace(face, box=box, landmarks=tuple(marks))
