"""Face recognition: SFace embeddings, compared by their cosine.

SFace: Zhong, Deng, Hu, Zhao, Li, Wen, "SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face
Recognition", IEEE TIP 2021. OpenCV Zoo's threshold for one person is a cosine of 0.363.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from proface.errors import UsageError
from proface.faces.networks import network
from proface.types import Box, Face

SIDE = 112
# ArcFace's template: positions of the landmarks in SFace's 112 x 112 input, in YuNet's order.
TEMPLATE = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ]
)


def embed(pixels: NDArray[np.uint8], face: Face) -> NDArray[np.float32]:
    """SFace's embedding of a face: float32, 128 numbers, of unit length.

    Args:
        pixels: uint8 H x W x 3, RGB.
        face: a face in these pixels; without landmarks (given by hand), those of an upright frontal
            face in its box are assumed.

    Raises:
        ModelError: the network's file is missing or altered.
        UsageError: landmarks that are not five points, or all in one place.
    """
    crop = aligned(pixels, face)
    planes = np.ascontiguousarray(crop.transpose(2, 0, 1)[None], dtype=np.float32)
    session = network("sface")
    vector = session.run(None, {session.get_inputs()[0].name: planes})[0].reshape(-1)
    norm = float(np.linalg.norm(vector))
    return np.asarray(vector / norm if norm > 0 else vector, np.float32)


def aligned(
    pixels: NDArray[np.uint8],
    face: Face,
    template: NDArray[np.float64] = TEMPLATE,
    side: int = SIDE,
) -> NDArray[np.uint8]:
    """The face aligned to a template by a similarity transform: uint8 side x side x 3, RGB.

    Args:
        pixels: uint8 H x W x 3, RGB.
        face: a face in these pixels; see `embed`.
        template: target positions of the five landmarks, 5 x 2, in pixels of the result.
        side: of the result, pixels.

    Raises:
        UsageError: landmarks that are not five points, or all in one place.
    """
    import cv2

    points = np.array(face.landmarks or mean_landmarks(face.box), np.float64)
    matrix = similarity(points, template)
    # Strong reduction is averaged first, since a warp alone would alias.
    shrink = max(1, int(0.5 / max(float(np.hypot(matrix[0, 0], matrix[1, 0])), 1e-6)))
    if shrink > 1:
        height, width = (max(1, length // shrink) for length in pixels.shape[:2])
        factors = np.array([pixels.shape[1] / width, pixels.shape[0] / height])
        pixels = np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA))
        matrix = similarity(points / factors, template)
    return np.asarray(cv2.warpAffine(pixels, matrix, (side, side), flags=cv2.INTER_LINEAR))


def similarity(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """The least-squares similarity transform between points n x 2: 2 x 3.

    In complex numbers it is linear regression: target = a * source + b.
    """
    if source.shape != target.shape:
        raise UsageError(f"a face needs five landmarks (x, y); these have shape {source.shape}")
    p, q = (points[:, 0] + 1j * points[:, 1] for points in (source, target))
    centred = p - p.mean()
    spread = float(np.vdot(centred, centred).real)
    if not spread > 1e-9:
        raise UsageError("the landmarks of this face all lie in one place")
    a = complex(np.vdot(centred, q - q.mean())) / spread
    b = complex(q.mean()) - a * complex(p.mean())
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def mean_landmarks(box: Box) -> list[tuple[float, float]]:
    """The mean position of YuNet's landmarks in its boxes, over frontal portraits."""
    parts = ((0.28, 0.39), (0.73, 0.39), (0.51, 0.59), (0.30, 0.74), (0.71, 0.74))
    return [(box.x + a * box.w, box.y + b * box.h) for a, b in parts]
