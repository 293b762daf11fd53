"""Puts a target's face over a face of a photo, so that a recogniser does not know the person.

The hair, ears and outline around a face identify almost as well as the face itself: of 60 LFW
photos with a grey inner face, SFace took 85 % for the original at its FAR of 1 %. So the head is
stretched or compressed around the new features, and of several proportions the one is chosen that
SFace finds least like the original.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

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
from proface.faces.resize import shrunk
from proface.looks.mesh.head import HEAD, STILL, moved, place, stretched
from proface.looks.mesh.render import rendered
from proface.looks.mesh.shape import CLOSED, lips_shut, posed
from proface.looks.mesh.texture import Texture, facing, yaw_of
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
# Eyes-to-mouth distances in pixels: of the trials, SFace's own; and at most, which is more than
# that of a target in a photo of `swap_target.LARGEST_SIDE`.
TRIAL_SIZE, MOST_SIZE = 40.0, 256.0
STRIP = 64  # rows blended at a time
FADE_SIDE, FADE_TOP = 0.12, 0.35  # of the seam, in eyes-to-mouth distances
SHADE = 0.85  # what is seen between the lips is darker than they are
INSIDE_MOUTH = 0.03  # blur of what is seen between the lips, in eyes-to-mouth distances


@dataclass(frozen=True)
class _Composition:
    """A face to lay over a photo, computed on a copy of it that may be smaller."""

    small: Pixels
    shift: Floats  # where the head's pixels come from, relative to their place: h x w x 2
    face: Pixels
    cover: Floats  # of the face, 0..1: h x w
    marks: tuple[tuple[float, float], ...]  # the landmarks in the copy

    def on(self, pixels: Pixels) -> Pixels:
        """The photo, of any size, with the face."""
        import cv2

        rows, columns = pixels.shape[:2]
        factors = np.array((columns, rows)) / self.small.shape[1::-1]
        shift = cv2.resize(self.shift, (columns, rows)) * factors.astype(np.float32)
        out = moved(pixels, np.asarray(shift, np.float32))
        face, cover = (cv2.resize(part, (columns, rows)) for part in (self.face, self.cover))
        for top in range(0, rows, STRIP):  # which bounds the memory for floating-point copies
            strip = slice(top, top + STRIP)
            part = cover[strip, :, None]
            out[strip] = out[strip] * (1 - part) + face[strip] * part + 0.5
        return out


def show_mesh(pixels: Pixels, face: Face, target: Target) -> bool:
    """Puts the target over a face of uint8 H x W x 3 pixels, in place, if it has a mesh.

    Returns:
        Whether it did: False where the face, or the target, has no mesh.

    Raises:
        MissingExtraError, ModelError: see `proface.faces.mesh.face_mesh`.
    """
    mesh = face_mesh(pixels, face)
    texture = None if mesh is None else facing(target, yaw_of(mesh))
    if mesh is None or texture is None:
        return False
    area = _around(mesh, pixels.shape)
    patch, mesh = pixels[area.slices].copy(), mesh - (area.x, area.y, 0)
    person = embed(patch, replace(face, landmarks=five_landmarks(mesh)))

    def likeness(proportions: tuple[float, float, float]) -> float:
        shown = _composed(patch, mesh, texture, proportions, TRIAL_SIZE)
        return float(person @ embed(shown.on(shown.small), replace(face, landmarks=shown.marks)))

    likenesses: dict[tuple[float, float, float], float] = {}
    for proportions in PROPORTIONS:
        likenesses[proportions] = likeness(proportions)
        if likenesses[proportions] < UNLIKE:
            break
    chosen = min(likenesses, key=lambda each: likenesses[each])
    pixels[area.slices] = _composed(patch, mesh, texture, chosen, MOST_SIZE).on(patch)
    return True


def _around(mesh: Points, shape: tuple[int, ...]) -> Box:
    """The part of a region that may change."""
    centre, reach = mesh[list(STEADY), :2].mean(axis=0), STILL * max(HEAD) * size_of(mesh) + 2
    low = np.minimum(centre - reach, mesh[:, :2].min(axis=0) - 2)
    high = np.maximum(centre + reach, mesh[:, :2].max(axis=0) + 3)
    left, top = max(0, math.floor(low[0])), max(0, math.floor(low[1]))
    right, bottom = min(shape[1], math.ceil(high[0])), min(shape[0], math.ceil(high[1]))
    return Box(left, top, right - left, bottom - top)


def _composed(
    pixels: Pixels,
    mesh: Points,
    texture: Texture,
    proportions: tuple[float, float, float],
    most: float,
) -> _Composition:
    """The target's face over the photo's, whose eyes-to-mouth distance becomes `most` at most."""
    import cv2

    width, height, exaggeration = proportions
    small = shrunk(pixels, size_of(mesh) / most)
    x, y = small.shape[1] / pixels.shape[1], small.shape[0] / pixels.shape[0]
    mesh = mesh * (x, y, (x + y) / 2)
    size = size_of(mesh)
    texture = texture.at_size(size)
    shift, outline = stretched(small, mesh, width, height)
    head = moved(small, shift)
    shown = posed(texture.mesh, mesh, outline, exaggeration)
    spoken = texture.mesh if mouth_gap(mesh) >= CLOSED else lips_shut(texture.mesh)
    new, inside = rendered(texture.pixels, spoken, shown, texture.triangles, small.shape[:2])
    old = head.astype(np.float32)
    new = as_sharp(relit(new, old, inside, size), old, inside, size)
    if mouth_gap(mesh) >= CLOSED:
        new = _with_mouth(new, small, mesh, shown)
    padded = cv2.copyMakeBorder(inside.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    cover = np.clip(depth / (size * _fade(mesh, small.shape)), 0, 1)
    cover = np.asarray(cover * cover * (3 - 2 * cover), np.float32)
    face = np.clip(new + 0.5, 0, 255).astype(np.uint8)
    return _Composition(small, shift, face, cover, five_landmarks(shown))


def _fade(mesh: Points, shape: tuple[int, ...]) -> Floats:
    """Width of the seam in eyes-to-mouth distances: wider on the forehead, which is smooth."""
    _, v = place(mesh, shape)
    upper = np.clip(-v / 0.8, 0, 1)
    return np.asarray(FADE_SIDE + (FADE_TOP - FADE_SIDE) * upper, np.float32)


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
    cv2.fillPoly(between, [np.round(shown[ring, :2] * 16).astype(np.int32)], (1.0,), shift=4)
    cover = cv2.GaussianBlur(between, (0, 0), max(0.5, INSIDE_MOUTH / 2 * size))[..., None]
    return np.asarray(new * (1 - cover) + inner * cover, np.float32)
