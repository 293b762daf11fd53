"""A face swapped by a network: brought into the network's frame, and back into the photo.

Values are fed as in PRO-Face S (see the two `_run` functions). Crops are aligned, as both networks
were trained on aligned faces: SimSwap in ArcFace's frame, FaceShifter in that of FFHQ (Karras,
Laine, Aila, CVPR 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from proface.faces.crop import warped
from proface.faces.embed import TEMPLATE, similarity
from proface.geometry import Face
from proface.obfuscators.look import Look, Pixels
from proface.obfuscators.targets import Target, faces_to_hide, target_of
from proface.obfuscators.warp import shape_of

if TYPE_CHECKING:
    from torch import Tensor

Matrix = NDArray[np.float64]

FADE = 0.1  # part of the crop's side over which it fades out
IDENTITY_SIDE = 112
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def swap_faces(pixels: Pixels, look: Look, faces: Sequence[Face]) -> Pixels:
    """The region with every face swapped by the network that the look names.

    Raises:
        ModelError, MissingExtraError: no weights, no torch.
    """
    target = target_of(look)
    side = 224 if look.name == "simswap" else 256
    identity = _identity(target, look.name)
    out = pixels.copy()
    for face in faces_to_hide(pixels, list(faces)):
        matrix = _frame(face, look.name, side)
        crop = warped(out, matrix, side, smooth=False)
        run = _run_simswap if look.name == "simswap" else _run_faceshifter
        _lay(out, run(crop, identity), matrix)
    return out


@lru_cache(maxsize=8)
def _identity(target: Target, name: str) -> Tensor:
    """1 x 512: who the target is, as the network's own encoder says it."""
    import torch
    from torch.nn.functional import normalize

    from proface.obfuscators.swaps.weights import load_network

    encoder = load_network(f"{name}-identity")
    frame = _frame(target.face, name, IDENTITY_SIDE)
    crop = warped(target.pixels, frame, IDENTITY_SIDE, smooth=False)
    with torch.inference_mode():
        if name == "simswap":
            mean, deviation = (
                torch.tensor(values)[:, None, None]
                for values in (IMAGENET_MEAN, IMAGENET_DEVIATION)
            )
            return normalize(encoder((_tensor(crop) - mean) / deviation))
        identity: Tensor = encoder(2 * _tensor(crop) - 1)
        return identity


def _run_simswap(crop: Pixels, identity: Tensor) -> Pixels:
    """uint8 224 x 224 x 3 in and out; the generator works on 0..1."""
    import torch

    from proface.obfuscators.swaps.weights import load_network

    with torch.inference_mode():
        return _pixels(load_network("simswap")(_tensor(crop), identity))


def _run_faceshifter(crop: Pixels, identity: Tensor) -> Pixels:
    """uint8 256 x 256 x 3 in and out; the generator works on -1..1."""
    import torch

    from proface.obfuscators.swaps.weights import load_network

    with torch.inference_mode():
        return _pixels((load_network("faceshifter")(2 * _tensor(crop) - 1, identity) + 1) / 2)


def _tensor(crop: Pixels) -> Tensor:
    """H x W x 3 uint8 -> 1 x 3 x H x W in 0..1."""
    import torch

    return torch.from_numpy(crop.copy()).permute(2, 0, 1)[None].float() / 255


def _pixels(face: Tensor) -> Pixels:
    """1 x 3 x H x W in 0..1 -> H x W x 3 uint8."""
    return np.asarray((face[0].permute(1, 2, 0) * 255).round().clamp(0, 255).numpy(), np.uint8)


def _frame(face: Face, name: str, side: int) -> Matrix:
    """What takes the photo's points into a crop of `side` pixels: 2 x 3."""
    marks = shape_of(face).landmarks
    if name == "simswap":
        return similarity(marks, (TEMPLATE + 0.5) * (side / 112) - 0.5)
    right, left, mouth = marks[0], marks[1], marks[3:].mean(axis=0)
    eyes = (right + left) / 2
    down, along = mouth - eyes, left - right
    # FFHQ's square: upright along both lines, as wide as the longer of them asks for.
    x = along + np.array([down[1], -down[0]])
    x /= max(float(np.hypot(*x)), 1e-6)
    half = max(2.0 * float(np.hypot(*along)), 1.8 * float(np.hypot(*down)), 1.0)
    centre = eyes + 0.1 * down
    ends = np.stack([centre - half * x, centre, centre + half * x])
    middle = (side - 1) / 2
    return similarity(ends, np.array([[-0.5, middle], [middle, middle], [side - 0.5, middle]]))


def _lay(pixels: Pixels, crop: Pixels, matrix: Matrix) -> None:
    """The crop back in its place, in place; it fades out towards its edges."""
    import cv2

    size = pixels.shape[1], pixels.shape[0]
    back = cv2.invertAffineTransform(matrix)
    edge = cv2.BORDER_REPLICATE
    new = np.asarray(cv2.warpAffine(crop, back, size, flags=cv2.INTER_CUBIC, borderMode=edge))
    side = crop.shape[0]
    near = (np.minimum(np.arange(side), np.arange(side)[::-1]) + 0.5) / (FADE * side)
    ramp = np.clip(near, 0, 1).astype(np.float32)
    cover = np.asarray(cv2.warpAffine(np.outer(ramp, ramp), back, size, flags=cv2.INTER_LINEAR))
    mixed = pixels + (new.astype(np.float32) - pixels) * cover[..., None]
    pixels[...] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
