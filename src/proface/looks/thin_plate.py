"""Face geometry and the thin-plate spline (TPS) warp from one face to another.

Source: Bookstein, "Principal Warps", IEEE PAMI 1989.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from proface.faces.recognition import similarity
from proface.types import Box, Face

Floats = NDArray[np.float32]
Points = NDArray[np.float64]

# Mean landmarks of frontal faces, as fractions of YuNet's boxes, for faces given by hand.
USUAL = ((0.28, 0.39), (0.73, 0.39), (0.51, 0.59), (0.30, 0.74), (0.71, 0.74))
# A face's half axes by its eyes-to-mouth distance, where they do not follow from its box.
HALF_WIDTH, HALF_HEIGHT = 1.05, 1.43
MIDDLE = 0.27  # the ellipse's centre, as a fraction of the way from eyes to mouth
MOST_TILT = math.radians(30)  # beyond it, a box hardly determines the ellipse in it
COARSE = 8  # pixels between the spline's sampling points; in between it is interpolated
# The target's ellipse scaled by UNDER maps to this face's scaled by OVER: so background and hair
# around the target stay out.
OVER, UNDER = 1.06, 0.94
OWN = 0.6  # weight of the target's own landmark layout against the face's
SMOOTH = 1e-3  # regularisation of the spline: bends less, misses control points slightly


@dataclass(frozen=True)
class Shape:
    """A face's five landmarks (5 x 2), and the ellipse around it: centre, half axes, tilt."""

    landmarks: Points
    centre: tuple[float, float]
    a: float
    b: float
    tilt: float  # clockwise, radians

    @property
    def unit(self) -> float:
        """Distance from the midpoint of the eyes to that of the mouth, in pixels, 1 or more."""
        eyes, mouth = self.landmarks[:2].mean(axis=0), self.landmarks[3:].mean(axis=0)
        return max(1.0, float(np.hypot(*(mouth - eyes))))

    @property
    def turn(self) -> float:
        """A measure of yaw: the nose's offset from the centre of eyes and mouth, in units."""
        x, y = self.landmarks[2] - self.landmarks[[0, 1, 3, 4]].mean(axis=0)
        return float(x * math.cos(self.tilt) + y * math.sin(self.tilt)) / self.unit

    def points(self, ring: float) -> Points:
        """Control points, 13 x 2: the landmarks, and eight points on `ring` times the ellipse."""
        angles = np.arange(8) * (math.pi / 4)
        along, down = ring * self.a * np.cos(angles), ring * self.b * np.sin(angles)
        cos, sin = math.cos(self.tilt), math.sin(self.tilt)
        around = np.stack((along * cos - down * sin, along * sin + down * cos), axis=1)
        return np.concatenate((self.landmarks, around + self.centre))


def shape_of(face: Face) -> Shape:
    """The shape of a detected face: ellipse from its box, tilt (roll) from its landmarks."""
    box = face.box
    marks = np.array(
        face.landmarks
        if len(face.landmarks) == 5
        else [(box.x + u * box.w, box.y + v * box.h) for u, v in USUAL],
        np.float64,
    )
    x, y = marks[3:].mean(axis=0) - marks[:2].mean(axis=0)
    unit, tilt = max(1.0, math.hypot(x, y)), math.atan2(-x, y)
    centre = (box.x + box.w / 2, box.y + box.h / 2)
    a, b = HALF_WIDTH * unit, HALF_HEIGHT * unit
    folded = abs(tilt)
    if folded < MOST_TILT:
        # Bounding box of a rotated ellipse: (w/2)^2 = a^2 cos^2 + b^2 sin^2; likewise the height.
        c, s = math.cos(tilt) ** 2, math.sin(tilt) ** 2
        w, h = (box.w / 2) ** 2, (box.h / 2) ** 2
        a2, b2 = (c * w - s * h) / (c - s), (c * h - s * w) / (c - s)
        if min(a2, b2) > 0:
            a, b = math.sqrt(a2), math.sqrt(b2)
    else:
        eyes = marks[:2].mean(axis=0)
        centre = (float(eyes[0] + MIDDLE * x), float(eyes[1] + MIDDLE * y))
    return Shape(marks, centre, a, b, tilt)


def mirrored(shape: Shape, width: int) -> Shape:
    """The shape in the mirrored photo, `width` pixels wide; right and left landmarks swap."""
    marks = shape.landmarks[[1, 0, 2, 4, 3]] * (-1, 1) + (width - 1, 0)
    centre = width - 1 - shape.centre[0], shape.centre[1]
    return Shape(marks, centre, shape.a, shape.b, -shape.tilt)


def warp_map(place: Shape, origin: Shape, area: Box) -> Floats:
    """Sampling map for cv2.remap: each pixel of `area` in the photo of `origin`, h x w x (x, y)."""
    at, to = _own_features(place, origin).points(OVER), origin.points(UNDER)
    rows, columns = math.ceil(area.h / COARSE) + 1, math.ceil(area.w / COARSE) + 1
    x = np.linspace(area.x, area.x + area.w - 1, columns)
    y = np.linspace(area.y, area.y + area.h - 1, rows)
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    scale = place.unit
    coarse = _spline(at / scale, to, grid / scale).reshape(rows, columns, 2)
    down, along = _hats(area.h, rows), _hats(area.w, columns)
    return np.stack([down @ coarse[..., axis] @ along.T for axis in (0, 1)], -1).astype(np.float32)


def _hats(length: int, points: int) -> Points:
    """The weights, length x points, of linear interpolation between evenly spaced points.

    cv2.resize rounds its weights to 1/32, which would be a quarter of a pixel here.
    """
    where = np.linspace(0, points - 1, length)[:, None]
    return np.asarray(np.clip(1 - np.abs(where - np.arange(points)[None, :]), 0, 1))


def _own_features(place: Shape, origin: Shape) -> Shape:
    """`place` with its landmarks interpolated towards the aligned landmarks of `origin`.

    Their layout shows both identity and head pose: so it is replaced only in part.
    """
    turn = similarity(origin.landmarks, place.landmarks)
    own = origin.landmarks @ turn[:, :2].T + turn[:, 2]
    return replace(place, landmarks=OWN * own + (1 - OWN) * place.landmarks)


def _spline(at: Points, to: Points, where: Points) -> Points:
    """The thin-plate spline that maps `at` to `to` (n x 2), evaluated at `where` (m x 2)."""
    n = len(at)
    affine = np.concatenate((np.ones((n, 1)), at), axis=1)
    system = np.zeros((n + 3, n + 3))
    system[:n, :n] = _kernel(at, at) + SMOOTH * np.eye(n)
    system[:n, n:], system[n:, :n] = affine, affine.T
    weights = np.linalg.lstsq(system, np.concatenate((to, np.zeros((3, 2)))), rcond=None)[0]
    bent = _kernel(where, at) @ weights[:n]
    return np.asarray(bent + np.concatenate((np.ones((len(where), 1)), where), 1) @ weights[n:])


def _kernel(a: Points, b: Points) -> Points:
    """The TPS kernel r^2 log r between the points of `a` (n x 2) and `b` (m x 2): n x m."""
    square = ((a[:, None] - b[None]) ** 2).sum(axis=2)
    return np.asarray(0.5 * square * np.log(np.maximum(square, 1e-12)))
