"""Another person's face, warped onto each face, matched in colour and blended in. No network.

The target's landmarks and outline are brought onto the face by a thin-plate spline, its colours
follow the light on the face, and it fades out beyond the outline, in the hair. Nothing of the face
inside the outline is left but its pose and its broad light and shade.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from proface.geometry import Box, Face
from proface.obfuscators.look import Look, LookKind, Pixels
from proface.obfuscators.targets import (
    MEANING,
    RANGE,
    Target,
    faces_to_hide,
    parse_target,
    target_of,
)
from proface.obfuscators.warp import Floats, Shape, mirrored, shape_of, warp_map

# The outline is the ellipse of radius 1; the target covers all up to INNER and nothing from OUTER.
# What a recogniser sees of a face reaches to about 1.5, and hair tells: of a face that faded out at
# 1.12 SFace told 343 pairs of LFW with 64 % accuracy by what was around it; of this one with 49 %.
INNER, OUTER = 1.1, 1.5
LIGHT = 0.7  # of the eyes-to-mouth distance: detail finer than this comes from the target alone
DARK = 0.7  # of the skin's lightness: what is darker than this is less and less of it skin
UNMIRRORED = 0.06  # how much nearer a mirrored face's turn must be: faces are not symmetric
GAINS = 0.4, 2.0  # least and most that colours are scaled by


def _apply(pixels: Pixels, look: Look, faces: Sequence[Face]) -> Pixels:
    target = target_of(look)
    out = pixels.copy()
    for face in faces_to_hide(pixels, list(faces)):
        show(out, face, target)
    return out


def show(pixels: Pixels, face: Face, target: Target) -> None:
    """Lays the target's face over a face of uint8 H x W x 3 pixels, in place."""
    place = shape_of(face)
    area = _around(place, pixels.shape)
    if area is None:
        return
    radius = _radius(place, area)
    warped, known = _warped(target, place, area)
    old = pixels[area.slices].astype(np.float32)
    new = _relit(warped, old, (radius < 0.95) & known, place.unit)
    cover = np.clip((OUTER - radius) / (OUTER - INNER), 0, 1)
    cover = cover * cover * (3 - 2 * cover)
    mixed = old + (new - old) * cover[..., None]
    pixels[area.slices] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def _around(place: Shape, shape: tuple[int, ...]) -> Box | None:
    """The box of the fading ellipse inside the region."""
    cos, sin = math.cos(place.tilt), math.sin(place.tilt)
    half_w = OUTER * math.hypot(place.a * cos, place.b * sin) + 1
    half_h = OUTER * math.hypot(place.a * sin, place.b * cos) + 1
    x, y = place.centre
    left, top = max(0, math.floor(x - half_w)), max(0, math.floor(y - half_h))
    right, bottom = min(shape[1], math.ceil(x + half_w)), min(shape[0], math.ceil(y + half_h))
    return Box(left, top, right - left, bottom - top) if right > left and bottom > top else None


def _radius(place: Shape, area: Box) -> Floats:
    """1 on the face's outline, 0 in its centre: h x w."""
    x = np.arange(area.x, area.x + area.w, dtype=np.float32)[None, :] - place.centre[0]
    y = np.arange(area.y, area.y + area.h, dtype=np.float32)[:, None] - place.centre[1]
    cos, sin = math.cos(place.tilt), math.sin(place.tilt)
    u, v = (x * cos + y * sin) / place.a, (y * cos - x * sin) / place.b
    return np.asarray(np.hypot(u, v), np.float32)


def _warped(target: Target, place: Shape, area: Box) -> tuple[Floats, NDArray[np.bool_]]:
    """The target's face in the area, and where its photo reaches."""
    import cv2

    origin = shape_of(target.face)
    pixels = target.pixels
    mirror = mirrored(origin, pixels.shape[1])
    # A face turned to the left is shown turned to the left, also if the photo's is to the right.
    if abs(mirror.turn - place.turn) + UNMIRRORED < abs(origin.turn - place.turn):
        origin, pixels = mirror, pixels[:, ::-1]
    shrink = origin.unit / place.unit
    points = warp_map(place, origin, area)  # h x w x 2
    if shrink > 1:
        # Averaged to the size at which it is shown: a warp alone would skip pixels.
        width, height = (max(1, round(side / shrink)) for side in pixels.shape[1::-1])
        factors = width / pixels.shape[1], height / pixels.shape[0]
        pixels = np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA))
        points = (points + np.float32(0.5)) * np.array(factors, np.float32) - np.float32(0.5)
    pixels = np.ascontiguousarray(pixels)
    h, w = pixels.shape[:2]
    known = (points > -0.5).all(axis=2) & (points[..., 0] < w - 0.5) & (points[..., 1] < h - 0.5)
    x, y = np.ascontiguousarray(points[..., 0]), np.ascontiguousarray(points[..., 1])
    edge = cv2.BORDER_REPLICATE
    warped = cv2.remap(pixels, x, y, cv2.INTER_CUBIC, borderMode=edge)
    return np.asarray(warped, np.float32), np.asarray(known)


def _relit(new: Floats, old: Floats, inside: NDArray[np.bool_], unit: float) -> Floats:
    """`new` with the broad light and colour of `old`, compared in Lab where both are face."""
    import cv2

    new_lab, old_lab = (cv2.cvtColor(part / 255, cv2.COLOR_RGB2LAB) for part in (new, old))
    weight = inside.astype(np.float32)[..., None]
    sigma = max(1.0, LIGHT * unit)

    def broad(part: Floats) -> Floats:
        return np.asarray(cv2.GaussianBlur(part, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT))

    total = np.maximum(broad(np.repeat(weight, 3, axis=2)), 1e-3)
    is_now, shall_be = broad(new_lab * weight) / total, broad(old_lab * weight) / total
    # What is much darker than the skin (pupils, brows) is dark in any light: it shifts less.
    mean = np.maximum(is_now[..., 0], 1)
    share = np.clip(new_lab[..., 0] / (DARK * mean), 0, 1)
    lit = np.clip(new_lab[..., 0] + share * (shall_be[..., 0] - is_now[..., 0]), 0, 100)
    # Colour is scaled, not shifted: the whites of eyes and teeth stay white.
    gain = np.clip(np.maximum(shall_be[..., 1:], 0) / np.maximum(is_now[..., 1:], 4), *GAINS)
    colour = np.where(new_lab[..., 1:] > 0, new_lab[..., 1:] * gain, new_lab[..., 1:])
    lab = np.concatenate((lit[..., None], colour), axis=2).astype(np.float32)
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255, np.float32)


LOOK = LookKind(
    name="swap",
    summary="Another person's face, warped onto each face",
    meaning=MEANING,
    default="",
    range=RANGE,
    leaks="SFace names 1 of 102 people. Pose, much of the hair, and surroundings stay "
    "visible; under a frontal target, a face turned far aside looks distorted.",
    parse=lambda text: parse_target("swap", text),
    apply=_apply,
)
