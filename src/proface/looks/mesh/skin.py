"""Skin in the place of the hair, hats and background over the rim of a target's face."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from proface.faces.mesh import BROWS_AND_EYES, CHEEKS, OVAL, axes_of, size_of
from proface.looks.shapes import to_uint8
from proface.types import Pixels

Floats = NDArray[np.float32]
Points = NDArray[np.float64]

RIM = 0.3  # width of the rim beside eyes and nose, in eyes-to-mouth distances
FADE = 0.5  # from the mouth upwards, in eyes-to-mouth distances: its end would show as a line
BEYOND = 0.12  # and outside of the outline, so that interpolation there finds skin
# Distances in Lab from the cheeks' colour beyond which a pixel shows no skin: shadow is darker.
LIGHTNESS, CHROMA = 20.0, 12.0
GROWN = 0.05  # what is no skin grows by this, as its edges are mixed
GRAIN = 0.4  # part of the cheeks' fine detail that filled skin gets


def with_skin(pixels: Pixels, mesh: Points) -> Pixels:
    """A photo with skin over what hides the rim of a face above its mouth.

    Args:
        pixels: uint8 H x W x 3, RGB.
        mesh: of the face, 468 x 3.
    """
    import cv2

    size = size_of(mesh)
    face = np.zeros(pixels.shape[:2], np.uint8)
    cv2.fillPoly(face, [mesh[list(OVAL), :2].round().astype(np.int32)], (1,))
    rim = _rim(mesh, face, size)
    lab = np.asarray(cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)
    smooth = cv2.GaussianBlur(lab, (0, 0), max(0.5, 0.02 * size))
    cheeks = np.clip(mesh[list(CHEEKS), :2].round().astype(int), 0, np.array(rim.shape[::-1]) - 1)
    skin = np.median(smooth[cheeks[:, 1], cheeks[:, 0]], axis=0)
    off = np.abs(smooth - skin)
    other = (off[..., 0] > LIGHTNESS) | (np.hypot(off[..., 1], off[..., 2]) > CHROMA)
    hidden = ((rim > 0) & other).astype(np.uint8)
    grow = 2 * max(1, round(GROWN * size)) + 1
    hidden = cv2.dilate(hidden, np.ones((grow, grow), np.uint8)) * (rim > 0)
    if not hidden.any():
        return pixels
    known = ((face > 0) & (hidden == 0) & ~other).astype(np.float32)
    filled = _spread(lab, known) + GRAIN * _grain(lab, mesh, rim.shape, size)
    alpha = cv2.GaussianBlur(hidden * rim, (0, 0), max(0.5, 0.03 * size))[..., None]
    mixed = cv2.cvtColor(lab * (1 - alpha) + filled * alpha, cv2.COLOR_LAB2RGB)
    return to_uint8(mixed * 255)


def _rim(mesh: Points, face: Pixels, size: float) -> Floats:
    """1 on the forehead and the rim of the face, without brows and eyes; 0 from the mouth down."""
    import cv2

    within = cv2.distanceTransform(face, cv2.DIST_L2, 5)
    outside = cv2.distanceTransform(1 - face, cv2.DIST_L2, 5)
    kept = np.zeros_like(face)
    for points in BROWS_AND_EYES:
        hull = cv2.convexHull(mesh[list(points), :2].round().astype(np.int32))
        cv2.fillConvexPoly(kept, hull, (1,))
    y, x = np.indices(face.shape)
    # The picture's part of the head's downward axis is enough to tell above from below.
    axis = axes_of(mesh)[1, :2]
    down = (x - mesh[0, 0]) * axis[0] + (y - mesh[0, 1]) * axis[1]
    brows = np.min((mesh[list(sum(BROWS_AND_EYES, ())), :2] - mesh[0, :2]) @ axis)
    near = ((within < RIM * size) | (down < brows)) & (outside < BEYOND * size)
    above = np.clip(-down / (FADE * size), 0, 1)
    return np.asarray(np.where(near & (kept == 0), above, 0), np.float32)


def _spread(lab: Floats, known: Floats) -> Floats:
    """Known pixels spread over the others, from ever coarser averages (pull-push)."""
    import cv2

    if min(known.shape) <= 2:
        total = max(1e-6, float(known.sum()))
        mean = (lab * known[..., None]).sum(axis=(0, 1)) / total
        return np.asarray(np.broadcast_to(mean, lab.shape), np.float32)
    half = max(1, known.shape[1] // 2), max(1, known.shape[0] // 2)
    weight = cv2.resize(known, half, interpolation=cv2.INTER_AREA)
    mean = cv2.resize(lab * known[..., None], half, interpolation=cv2.INTER_AREA)
    mean = mean / np.maximum(weight, 1e-6)[..., None]
    coarse = _spread(np.where(weight[..., None] > 0, mean, 0), np.minimum(1, weight))
    shape = known.shape[1], known.shape[0]
    below = cv2.resize(coarse, shape, interpolation=cv2.INTER_LINEAR)
    return np.asarray(lab * known[..., None] + below * (1 - known[..., None]), np.float32)


def _grain(lab: Floats, mesh: Points, shape: tuple[int, ...], size: float) -> Floats:
    """Fine detail of the cheeks, mirrored over the whole picture."""
    import cv2

    centre = mesh[[50, 101, 205], :2].mean(axis=0)
    side = max(2, round(0.3 * size))
    top = int(np.clip(centre[1] - side / 2, 0, max(0, shape[0] - side)))
    left = int(np.clip(centre[0] - side / 2, 0, max(0, shape[1] - side)))
    patch = lab[top : top + side, left : left + side]
    fine = patch - cv2.GaussianBlur(patch, (0, 0), max(0.5, 0.04 * size))
    tile = np.concatenate((fine, fine[:, ::-1]), axis=1)
    tile = np.concatenate((tile, tile[::-1]), axis=0)
    rows, columns = -(-shape[0] // tile.shape[0]), -(-shape[1] // tile.shape[1])
    return np.asarray(np.tile(tile, (rows, columns, 1))[: shape[0], : shape[1]], np.float32)
