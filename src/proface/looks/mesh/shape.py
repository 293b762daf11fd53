"""The target's face in the pose, and with the mouth, of the face that it replaces."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from proface.faces.mesh import (
    LOWER_LIP,
    MOUTH_CORNERS,
    OVAL,
    STEADY,
    UPPER_LIP,
    axes_of,
    size_of,
)

Points = NDArray[np.float64]

CLOSED = 0.06  # of the eyes-to-mouth distance: a smaller gap between the lips is none
# A gap is shown this many times as wide, and wider by PARTED: lips that part a little look shut.
OPENED, PARTED = 1.2, 0.04
LIP_EDGE = 0.03  # by the eyes-to-mouth distance
OUTLINE_REACH = 0.7  # how far from the outline points follow it, in eyes-to-mouth distances
CHIN = 152


def posed(target: Points, face: Points, outline: Points, exaggeration: float = 0.0) -> Points:
    """The target's mesh, moved to where a face is: its proportions, the face's pose and outline.

    Args:
        target, face: meshes, 468 x 3, each in its own picture.
        outline: the mesh whose outline is met, in the face's picture.
        exaggeration: how much further than the target's its features differ from the face's.

    Returns:
        468 x 3 in the face's picture.
    """
    turn, size, centre = axes_of(face), size_of(face), face[list(STEADY)].mean(axis=0)
    own = _upright(target, axes_of(target), target[list(STEADY)].mean(axis=0), size_of(target))
    old = _upright(face, turn, centre, size)
    own = _fitted(own, old)
    # The mouth shows what is being said, not who says it: it is not exaggerated.
    apart = (own - old) * np.clip(1.5 - 3 * _near_mouth(own), 0, 1)[:, None]
    own = _speaking(own + exaggeration * apart, old)
    own = _meeting(own, _upright(outline, turn, centre, size))
    return np.asarray(own * size @ turn + centre)


def lips_shut(mesh: Points) -> Points:
    """A target's mesh that leaves out what is between its lips, with their inner edges."""
    out = mesh.copy()
    down = axes_of(mesh)[1] * (LIP_EDGE * size_of(mesh))
    out[list(UPPER_LIP)] -= down
    out[list(LOWER_LIP[1:-1])] += down
    return out


def head_turn(mesh: Points, to: Points) -> Points:
    """The rotation, 3 x 3, that turns a mesh as another one is turned, by their steady points.

    Source: Umeyama, "Least-Squares Estimation of Transformation Parameters", IEEE PAMI 1991.
    """
    a, b = mesh[list(STEADY)], to[list(STEADY)]
    u, _, v = np.linalg.svd((b - b.mean(axis=0)).T @ (a - a.mean(axis=0)))
    return np.asarray(u @ np.diag((1, 1, np.sign(np.linalg.det(u @ v)))) @ v)


def _upright(mesh: Points, turn: Points, centre: Points, size: float) -> Points:
    return np.asarray((mesh - centre) @ turn.T / size)


def _fitted(mesh: Points, to: Points) -> Points:
    """The mesh, moved, turned and scaled to the steady points of another."""
    a, b = mesh[list(STEADY)], to[list(STEADY)]
    turn, mean = head_turn(mesh, to), a.mean(axis=0)
    turned = (a - mean) @ turn.T
    scale = float((turned * (b - b.mean(axis=0))).sum() / max(1e-9, (turned**2).sum()))
    return np.asarray(scale * (mesh - mean) @ turn.T + b.mean(axis=0))


def _near_mouth(mesh: Points) -> Points:
    """1 at the lips, 0 from 0.5 eyes-to-mouth distances on: 468."""
    lips = mesh[list(UPPER_LIP + LOWER_LIP), :2]
    apart = np.sqrt(((mesh[:, None, :2] - lips[None]) ** 2).sum(axis=2)).min(axis=1)
    return np.asarray(np.clip(1 - apart / 0.5, 0, 1))


def _speaking(mesh: Points, like: Points) -> Points:
    """The mesh with its mouth as far open as another's; both upright, in eyes-to-mouth units."""
    out = mesh.copy()
    gap = max(0.0, float(like[14, 1] - like[13, 1]))
    gap = OPENED * gap + PARTED if gap >= CLOSED else 0.0
    now = max(0.0, float(mesh[14, 1] - mesh[13, 1]))
    left, right = mesh[MOUTH_CORNERS[0]], mesh[MOUTH_CORNERS[1]]
    half = max(1e-6, float(np.linalg.norm(right - left)) / 2)
    beside = (mesh[:, 0] - (left[0] + right[0]) / 2) / half
    line = (mesh[13, 1] + mesh[14, 1]) / 2
    down = np.clip((mesh[:, 1] - line) / max(1e-6, mesh[CHIN, 1] - line), 0, 1)
    follows = np.where(mesh[:, 1] > line, np.exp(-((beside / 1.2) ** 4)) * (1 - 0.25 * down), 0)
    follows[list(UPPER_LIP)] = 0
    lower = list(LOWER_LIP)
    follows[lower] = np.clip(1 - beside[lower] ** 2, 0, 1)
    out[:, 1] += follows * (gap - now)
    if not gap:
        for above, below in zip(UPPER_LIP, LOWER_LIP, strict=True):
            out[above] = out[below] = (out[above] + out[below]) / 2
    return out


def _meeting(mesh: Points, outline: Points) -> Points:
    """The mesh with another's outline; the closer to it, the more its points follow."""
    ring = list(OVAL)
    shift = outline[ring] - mesh[ring]
    square = ((mesh[:, None, :2] - mesh[None, ring, :2]) ** 2).sum(axis=2)
    weight = 1 / (square + 0.01) ** 2
    weight /= weight.sum(axis=1, keepdims=True)
    follows = np.clip(1 - np.sqrt(square.min(axis=1)) / OUTLINE_REACH, 0, 1) ** 2
    return np.asarray(mesh + follows[:, None] * (weight @ shift))
