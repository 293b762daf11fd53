"""Puts a target's face over a face of a photo, so that a recogniser does not know the person.

The hair, ears and outline around a face identify almost as well as the face itself: of 60 LFW
photos with a grey inner face, SFace took 85 % for the original at a FAR of about 1 %. So the head
is stretched or compressed around the new features, and of several proportions the one is chosen
that SFace finds least like the original.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from proface.faces.mesh import (
    LOWER_LIP,
    STEADY,
    UPPER_LIP,
    face_mesh,
    five_landmarks,
    mouth_gap,
    size_of,
)
from proface.faces.recognition import embed
from proface.faces.regions import clipped
from proface.faces.resize import shrunk
from proface.looks.mesh.head import HEAD, STILL, head_of, moved, stretched, stretching
from proface.looks.mesh.render import SUBPIXEL, rendered
from proface.looks.mesh.shape import CLOSED, lips_shut, posed
from proface.looks.mesh.texture import Texture, facing, yaw_of
from proface.looks.relight import as_sharp, relit
from proface.looks.shapes import blend, smoothstep, to_uint8
from proface.looks.swap_target import Target
from proface.types import Box, Face, Pixels

Floats = NDArray[np.float32]
Points = NDArray[np.float64]

Proportions = tuple[float, float, float]

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
# Eyes-to-mouth distances in pixels: of the trials, SFace's own; and at most, which is more than
# that of a target in a photo of `swap_target.LARGEST_SIDE`.
TRIAL_SIZE, MOST_SIZE = 40.0, 256.0
STRIP = 64  # rows blended at a time
FADE_SIDE, FADE_TOP = 0.12, 0.35  # of the seam, in eyes-to-mouth distances
SHADE = 0.85  # what is seen between the lips is darker than they are
INSIDE_MOUTH = 0.03  # blur of what is seen between the lips, in eyes-to-mouth distances


class _Scene(NamedTuple):
    """A photo and the target, at the size at which the face is composed."""

    pixels: Pixels
    mesh: Points
    texture: Texture
    speaks: bool  # with an open mouth


@dataclass(frozen=True)
class _Composition:
    """A face to lay over a photo, which may be larger."""

    shift: Floats  # where the head's pixels come from, relative to their place: h x w x 2
    face: Pixels
    cover: Floats  # of the face, 0..1: h x w
    marks: tuple[tuple[float, float], ...]  # its landmarks

    def on(self, pixels: Pixels) -> Pixels:
        """The photo, of any size, with the face."""
        import cv2

        size = pixels.shape[1::-1]
        factors = np.array(size) / self.cover.shape[::-1]
        shift = cv2.resize(self.shift, size) * factors.astype(np.float32)
        out = moved(pixels, np.asarray(shift, np.float32))
        face, cover = (np.asarray(cv2.resize(part, size)) for part in (self.face, self.cover))
        for top in range(0, len(out), STRIP):  # which bounds the memory for floating-point copies
            strip = slice(top, top + STRIP)
            blend(out[strip], face[strip], cover[strip])
        return out


def show_mesh(pixels: Pixels, face: Face, target: Target) -> bool:
    """Puts the target over a face of uint8 H x W x 3 pixels, in place, if it has a mesh.

    Returns:
        Whether it did: False where the face, or the target, has no mesh.

    Raises:
        MissingExtraError, ModelError: see `proface.faces.mesh.face_mesh`.
    """
    mesh = face_mesh(pixels, face)
    if mesh is None:
        return False
    texture, area = facing(target, yaw_of(mesh)), _around(mesh, pixels.shape)
    if texture is None or area is None:
        return False
    patch, mesh = pixels[area.slices].copy(), mesh - (area.x, area.y, 0)
    person = embed(patch, replace(face, landmarks=five_landmarks(mesh)))
    trial = _scene(patch, mesh, texture, TRIAL_SIZE)

    def likeness(proportions: Proportions) -> float:
        shown = _composed(trial, proportions)
        return float(person @ embed(shown.on(trial.pixels), replace(face, landmarks=shown.marks)))

    likenesses: dict[Proportions, float] = {}
    for proportions in PROPORTIONS:
        likenesses[proportions] = likeness(proportions)
        if likenesses[proportions] < UNLIKE:
            break
    chosen = min(likenesses, key=lambda each: likenesses[each])
    scene = _scene(patch, mesh, texture, MOST_SIZE)
    pixels[area.slices] = _composed(scene, chosen).on(patch)
    return True


def _around(mesh: Points, shape: tuple[int, ...]) -> Box | None:
    """The part of a region that may change, if any."""
    centre, reach = mesh[list(STEADY), :2].mean(axis=0), STILL * max(HEAD) * size_of(mesh) + 2
    low = np.minimum(centre - reach, mesh[:, :2].min(axis=0) - 2)
    high = np.maximum(centre + reach, mesh[:, :2].max(axis=0) + 3)
    left, top = (math.floor(value) for value in low)
    right, bottom = (math.ceil(value) for value in high)
    return clipped(Box(left, top, right - left, bottom - top), (shape[1], shape[0]))


def _scene(pixels: Pixels, mesh: Points, texture: Texture, most: float) -> _Scene:
    """All at a size at which the eyes-to-mouth distance is `most` at most."""
    small = shrunk(pixels, size_of(mesh) / most)
    x, y = small.shape[1] / pixels.shape[1], small.shape[0] / pixels.shape[0]
    mesh = mesh * (x, y, (x + y) / 2)
    return _Scene(small, mesh, texture.at_size(size_of(mesh)), mouth_gap(mesh) >= CLOSED)


def _composed(scene: _Scene, proportions: Proportions) -> _Composition:
    """The target's face over the photo's."""
    import cv2

    width, height, exaggeration = proportions
    pixels, mesh, texture = scene.pixels, scene.mesh, scene.texture
    head = head_of(mesh)
    u, v = head.place(pixels.shape)
    shift = stretching(head, u, v, width, height)
    shown = posed(texture.mesh, mesh, stretched(mesh, head, width, height), exaggeration)
    spoken = texture.mesh if scene.speaks else lips_shut(texture.mesh)
    new, inside = rendered(texture.pixels, spoken, shown, texture.triangles, u.shape)
    old = moved(pixels, shift).astype(np.float32)
    new = as_sharp(relit(new, old, inside, head.size), old, inside, head.size)
    if scene.speaks:
        new = _with_mouth(new, pixels, mesh, shown)
    padded = cv2.copyMakeBorder(inside.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    cover = smoothstep(depth / (head.size * _fade(v))).astype(np.float32)
    return _Composition(shift, to_uint8(new), cover, five_landmarks(shown))


def _fade(v: Floats) -> Floats:
    """Width of the seam in eyes-to-mouth distances: wider on the forehead, which is smooth."""
    return np.asarray(FADE_SIDE + (FADE_TOP - FADE_SIDE) * np.clip(-v / 0.8, 0, 1), np.float32)


def _with_mouth(new: Floats, pixels: Pixels, mesh: Points, shown: Points) -> Floats:
    """The face with what the photo shows between the lips, which a closed mouth does not have."""
    import cv2

    ring = [*UPPER_LIP, *LOWER_LIP[::-1]]
    size = size_of(mesh)
    known = np.concatenate((mesh[ring, :2], np.ones((len(ring), 1))), axis=1)
    matrix = np.linalg.lstsq(known, shown[ring, :2], rcond=None)[0].T  # affine, 2 x 3
    soft = cv2.GaussianBlur(pixels, (0, 0), max(0.5, INSIDE_MOUTH * size)) * SHADE
    inner = cv2.warpAffine(soft, matrix, pixels.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    between = np.zeros(pixels.shape[:2], np.float32)
    corners = np.round(shown[ring, :2] * (1 << SUBPIXEL)).astype(np.int32)
    cv2.fillPoly(between, [corners], (1.0,), shift=SUBPIXEL)
    cover = cv2.GaussianBlur(between, (0, 0), max(0.5, INSIDE_MOUTH / 2 * size))[..., None]
    return np.asarray(new * (1 - cover) + inner * cover, np.float32)
