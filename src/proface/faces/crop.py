"""A face cut out of a photo, turned upright and brought to one size, as training sets have it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from proface.faces.embed import TEMPLATE, similarity
from proface.geometry import Face

AROUND = 0.35  # what is shown on each side of ArcFace's frame, which ends at brows and chin


def crop_face(
    pixels: NDArray[np.uint8],
    face: Face,
    size: int,
    *,
    around: float = AROUND,
    align: bool = True,
) -> NDArray[np.uint8]:
    """A face, size x size x 3. Beyond the photo its edge is repeated.

    Args:
        pixels: uint8 H x W x 3, RGB.
        face: a face in these pixels, with five landmarks where it is to be aligned.
        size: side of the crop.
        around: part of the face's frame that is added on each side.
        align: turn it upright by its landmarks; otherwise only cut out and scaled.
    """
    if align and len(face.landmarks) == 5:
        # ArcFace's frame of 112 pixels in the middle of the crop.
        scale = size / (112 * (1 + 2 * around))
        target = (TEMPLATE - 55.5) * scale + (size - 1) / 2
        matrix = similarity(np.array(face.landmarks, np.float64), target)
    else:
        box = face.box
        scale = size / (max(box.w, box.h) * (1 + 2 * around))
        centre = np.array([box.x + (box.w - 1) / 2, box.y + (box.h - 1) / 2])
        matrix = np.column_stack((scale * np.eye(2), (size - 1) / 2 - scale * centre))
    return warped(pixels, matrix, size)


def warped(
    pixels: NDArray[np.uint8], matrix: NDArray[np.float64], size: int, *, smooth: bool = True
) -> NDArray[np.uint8]:
    """A square of size x size x 3, into which the matrix takes the pixels; edges are repeated.

    Args:
        pixels: uint8 H x W x 3.
        matrix: 2 x 3, from places in the pixels to places in the square.
        size: side of the square.
        smooth: interpolate cubically, otherwise linearly.
    """
    import cv2

    shrink = max(1, int(0.75 / max(float(np.hypot(matrix[0, 0], matrix[1, 0])), 1e-6)))
    if shrink > 1:  # averaged first: warping alone would skip pixels
        height, width = (max(1, round(side / shrink)) for side in pixels.shape[:2])
        factors = np.array([pixels.shape[1] / width, pixels.shape[0] / height])
        pixels = np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA))
        moved = matrix[:, 2] + matrix[:, :2] @ (factors / 2 - 0.5)
        matrix = np.column_stack((matrix[:, :2] * factors, moved))
    edge = cv2.BORDER_REPLICATE
    how = cv2.INTER_CUBIC if smooth else cv2.INTER_LINEAR
    out = cv2.warpAffine(pixels, matrix, (size, size), flags=how, borderMode=edge)
    return np.asarray(out)
