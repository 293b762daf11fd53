"""Puts a target's face over a face of a photo, so that a recogniser does not know the person.

The hair, ears and outline around a face identify almost as well as the face itself: of 60 LFW
photos with a grey inner face, SFace took 85 % for the original at its FAR of 1 %. So the head is
stretched or compressed around the new features, and of several proportions the one is chosen that
SFace finds least like the original.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from proface.faces.mesh import (
    LOWER_LIP,
    STEADY,
    UPPER_LIP,
    axes_of,
    face_mesh,
    five_landmarks,
    mouth_gap,
    size_of,
)
from proface.faces.recognition import embed
from proface.faces.resize import shrunk
from proface.looks.mesh.render import Triangles, rendered, triangles_of
from proface.looks.mesh.shape import CLOSED, lips_shut, posed
from proface.looks.mesh.skin import with_skin
from proface.looks.relight import as_sharp, relit
from proface.looks.swap_target import Target
from proface.types import Box, Face, Pixels

Floats = NDArray[np.float32]
Points = NDArray[np.float64]

# Width and height of the head by the face's, and how far the features are exaggerated, from what
# looks most natural on. Of 149 LFW photos SFace takes 27 to 30 % for the original under one of the
# first four, 6 to 20 % under one of the others, and none under the best of all.
PROPORTIONS = (
    *((1.16, 1.16, 0.0), (1.16, 0.88, 0.0), (0.88, 1.14, 0.0), (0.88, 0.88, 0.0)),
    *((1.25, 1.2, 0.0), (1.25, 0.85, 0.0), (0.84, 1.25, 0.0)),
    *((1.25, 1.2, 0.6), (1.25, 0.85, 0.6), (0.84, 1.25, 0.6)),
    *((1.33, 1.25, 0.6), (1.33, 0.8, 0.6), (0.78, 1.33, 0.6)),
)
UNLIKE = 0.18  # cosine, well below what SFace accepts at a FAR of 1 % (0.3): nothing else is tried
TRIAL_SIZE = 40.0  # eyes-to-mouth distance of the trials, pixels: SFace's own
# The head's half axes in eyes-to-mouth distances, and the multiples of them from which on less,
# and beyond which nothing, is stretched.
HEAD = 1.3, 1.7
STRETCHED, STILL = 0.95, 1.45
BORDER = 0.5  # nothing is stretched at the region's border, in eyes-to-mouth distances
FADE_SIDE, FADE_TOP = 0.12, 0.35  # of the seam, in eyes-to-mouth distances
UNMIRRORED = math.radians(6)  # the yaw a mirrored target must gain: mirroring alters faces
INSIDE_MOUTH = 0.05  # blur of what is seen between the lips, in eyes-to-mouth distances


@dataclass(frozen=True)
class _Texture:
    """A target's photo, without what hides its face, with its mesh."""

    pixels: Pixels
    mesh: Points
    triangles: Triangles

    def at_size(self, size: float) -> _Texture:
        """Averaged to an eyes-to-mouth distance, if that is smaller: sampling would alias."""
        pixels = shrunk(self.pixels, size_of(self.mesh) / size)
        x, y = pixels.shape[1] / self.pixels.shape[1], pixels.shape[0] / self.pixels.shape[0]
        return replace(self, pixels=pixels, mesh=self.mesh * (x, y, (x + y) / 2))


def show_mesh(pixels: Pixels, face: Face, target: Target) -> bool:
    """Puts the target over a face of uint8 H x W x 3 pixels, in place, if it has a mesh.

    Returns:
        Whether it did: False where the face, or the target, has no mesh.

    Raises:
        MissingExtraError, ModelError: see `proface.faces.mesh.face_mesh`.
    """
    mesh = face_mesh(pixels, face)
    texture = None if mesh is None else _facing(target, _yaw(mesh))
    if mesh is None or texture is None:
        return False
    area = _around(mesh, pixels.shape)
    patch, mesh = pixels[area.slices].copy(), mesh - (area.x, area.y, 0)
    moved = replace(face, landmarks=five_landmarks(mesh))
    size = size_of(mesh)
    small = shrunk(patch, size / TRIAL_SIZE)
    scale = small.shape[1] / patch.shape[1], small.shape[0] / patch.shape[0]
    coarse = mesh * (*scale, sum(scale) / 2)
    person = embed(patch, moved)
    trial = texture.at_size(size_of(coarse))

    def likeness(proportions: tuple[float, float, float]) -> float:
        shown, shown_mesh = _composed(small, coarse, trial, proportions)
        return float(person @ embed(shown, replace(face, landmarks=five_landmarks(shown_mesh))))

    likenesses: dict[tuple[float, float, float], float] = {}
    for proportions in PROPORTIONS:
        likenesses[proportions] = likeness(proportions)
        if likenesses[proportions] < UNLIKE:
            break
    chosen = min(likenesses, key=lambda each: likenesses[each])
    pixels[area.slices] = _composed(patch, mesh, texture.at_size(size), chosen)[0]
    return True


@lru_cache(maxsize=16)
def _textures(target: Target) -> tuple[_Texture, ...]:
    """The target as it is, and mirrored; none without a mesh."""
    out = []
    for pixels, face in ((target.pixels, target.face), _mirrored(target)):
        mesh = face_mesh(pixels, face)
        if mesh is not None:
            out.append(_Texture(with_skin(pixels, mesh), mesh, triangles_of(mesh)))
    return tuple(out)


def _mirrored(target: Target) -> tuple[Pixels, Face]:
    pixels, face = np.ascontiguousarray(target.pixels[:, ::-1]), target.face
    marks = [(target.width - 1 - x, y) for x, y in face.landmarks]
    if marks:
        marks = [marks[n] for n in (1, 0, 2, 4, 3)]
    box = replace(face.box, x=target.width - face.box.x - face.box.w)
    return pixels, replace(face, box=box, landmarks=tuple(marks))


def _facing(target: Target, yaw: float) -> _Texture | None:
    """The target, mirrored if that brings it closer to a yaw."""
    textures = _textures(target)
    costs = [abs(_yaw(texture.mesh) - yaw) + n * UNMIRRORED for n, texture in enumerate(textures)]
    return textures[int(np.argmin(costs))] if textures else None


def _yaw(mesh: Points) -> float:
    turn = axes_of(mesh)
    return math.atan2(turn[0, 2], turn[0, 0])


def _around(mesh: Points, shape: tuple[int, ...]) -> Box:
    """The part of a region that may change."""
    centre, reach = mesh[list(STEADY), :2].mean(axis=0), STILL * max(HEAD) * size_of(mesh) + 2
    low = np.minimum(centre - reach, mesh[:, :2].min(axis=0) - 2)
    high = np.maximum(centre + reach, mesh[:, :2].max(axis=0) + 3)
    left, top = max(0, math.floor(low[0])), max(0, math.floor(low[1]))
    right, bottom = min(shape[1], math.ceil(high[0])), min(shape[0], math.ceil(high[1]))
    return Box(left, top, right - left, bottom - top)


def _composed(
    pixels: Pixels, mesh: Points, texture: _Texture, proportions: tuple[float, float, float]
) -> tuple[Pixels, Points]:
    """The photo with the target's face, and the mesh of that face."""
    import cv2

    width, height, exaggeration = proportions
    size = size_of(mesh)
    head, outline = _stretched(pixels, mesh, width, height)
    shown = posed(texture.mesh, mesh, outline, exaggeration)
    spoken = texture.mesh if mouth_gap(mesh) >= CLOSED else lips_shut(texture.mesh)
    new, inside = rendered(texture.pixels, spoken, shown, texture.triangles, pixels.shape[:2])
    old = head.astype(np.float32)
    new = as_sharp(relit(new, old, inside, size), old, inside, size)
    if mouth_gap(mesh) >= CLOSED:
        new = _with_mouth(new, pixels, mesh, shown)
    padded = cv2.copyMakeBorder(inside.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    cover = np.clip(depth / (size * _fade(mesh, pixels.shape)), 0, 1)
    cover = (cover * cover * (3 - 2 * cover))[..., None]
    mixed = old * (1 - cover) + new * cover
    return np.clip(mixed + 0.5, 0, 255).astype(np.uint8), shown


def _place(mesh: Points, shape: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Pixels along the head's axes, from its centre, in eyes-to-mouth distances: twice h x w."""
    turn, centre = axes_of(mesh), mesh[list(STEADY)].mean(axis=0)
    angle = math.atan2(turn[0, 1], turn[0, 0])
    y, x = np.indices(shape[:2], np.float32)
    x, y = x - np.float32(centre[0]), y - np.float32(centre[1])
    cos, sin, size = math.cos(angle), math.sin(angle), size_of(mesh)
    return (x * cos + y * sin) / size, (y * cos - x * sin) / size


def _stretched(pixels: Pixels, mesh: Points, width: float, height: float) -> tuple[Pixels, Points]:
    """The photo with the head stretched about its centre, and where the mesh's points go."""
    import cv2

    turn, centre, size = axes_of(mesh), mesh[list(STEADY)].mean(axis=0), size_of(mesh)
    angle = math.atan2(turn[0, 1], turn[0, 0])
    cos, sin = math.cos(angle), math.sin(angle)
    u, v = _place(mesh, pixels.shape)
    radius = np.hypot(u / HEAD[0], v / HEAD[1])
    share = np.clip((STILL - radius) / (STILL - STRETCHED), 0, 1)
    rows, columns = np.indices(pixels.shape[:2], np.float32)
    edge = np.minimum(
        np.minimum(rows, pixels.shape[0] - 1 - rows),
        np.minimum(columns, pixels.shape[1] - 1 - columns),
    )
    share = np.minimum(share, np.clip(edge / (BORDER * size), 0, 1))
    share = share * share * (3 - 2 * share)
    du, dv = u * (1 / width - 1) * share * size, v * (1 / height - 1) * share * size
    x, y = columns + du * cos - dv * sin, rows + du * sin + dv * cos
    out = cv2.remap(
        pixels,
        x.astype(np.float32),
        y.astype(np.float32),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    apart = mesh[:, :2] - centre[:2]
    along, down = apart @ (cos, sin) * width, apart @ (-sin, cos) * height
    moved = mesh.copy()
    moved[:, 0] = centre[0] + along * cos - down * sin
    moved[:, 1] = centre[1] + along * sin + down * cos
    return np.asarray(out, np.uint8), moved


def _fade(mesh: Points, shape: tuple[int, ...]) -> Floats:
    """Width of the seam in eyes-to-mouth distances: wider on the forehead, which is smooth."""
    _, v = _place(mesh, shape)
    upper = np.clip(-v / 0.8, 0, 1)
    return np.asarray(FADE_SIDE + (FADE_TOP - FADE_SIDE) * upper, np.float32)


def _with_mouth(new: Floats, pixels: Pixels, mesh: Points, shown: Points) -> Floats:
    """The face with what the photo shows between the lips, which a closed mouth does not have."""
    import cv2

    ring = [*UPPER_LIP, *LOWER_LIP[::-1]]
    size = size_of(mesh)
    known = np.concatenate((mesh[ring, :2], np.ones((len(ring), 1))), axis=1)
    matrix = np.linalg.lstsq(known, shown[ring, :2], rcond=None)[0].T  # affine, 2 x 3
    soft = cv2.GaussianBlur(pixels, (0, 0), max(0.5, INSIDE_MOUTH * size))
    inner = cv2.warpAffine(soft, matrix, pixels.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    between = np.zeros(pixels.shape[:2], np.float32)
    cv2.fillPoly(between, [np.round(shown[ring, :2] * 16).astype(np.int32)], (1.0,), shift=4)
    cover = cv2.GaussianBlur(between, (0, 0), max(0.5, INSIDE_MOUTH / 2 * size))[..., None]
    return np.asarray(new * (1 - cover) + inner * cover, np.float32)
