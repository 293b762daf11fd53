"""Swaps a face by a network: aligned crop, inference, inverse affine warp into the photo.

Inputs are normalised as in PRO-Face S (see `_run`). Crops are aligned, as both networks
were trained on aligned faces: SimSwap in ArcFace's frame, FaceShifter in that of FFHQ (Karras,
Laine, Aila, CVPR 2019).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from proface.faces.crop import warp_square
from proface.faces.recognition import TEMPLATE, similarity
from proface.looks.shapes import blend, to_uint8
from proface.looks.swap_target import Target
from proface.looks.thin_plate import shape_of
from proface.types import Face, Pixels

if TYPE_CHECKING:
    from torch import Tensor

Matrix = NDArray[np.float64]

FADE = 0.1  # part of the crop's side over which its alpha falls to 0
IDENTITY_SIDE = 112
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def swap_face(name: str, pixels: Pixels, face: Face, target: Target) -> None:
    """Replaces one face of uint8 H x W x 3 pixels by the network `name`'s swap, in place.

    Raises:
        ModelError, MissingExtraError: no weights, no torch.
    """
    side = 224 if name == "simswap" else 256
    matrix = _frame(face, name, side)
    crop = warp_square(pixels, matrix, side, cubic=False)
    _lay(pixels, _run(name, crop, _identity(target, name)), matrix)


@lru_cache(maxsize=8)
def _identity(target: Target, name: str) -> Tensor:
    """The target's identity embedding by the network's own encoder: 1 x 512."""
    import torch
    from torch.nn.functional import normalize

    from proface.looks.swaps.load_weights import load_network

    encoder = load_network(f"{name}-identity")
    frame = _frame(target.face, name, IDENTITY_SIDE)
    crop = warp_square(target.pixels, frame, IDENTITY_SIDE, cubic=False)
    with torch.inference_mode():
        if name == "simswap":
            mean, deviation = (
                torch.tensor(values)[:, None, None]
                for values in (IMAGENET_MEAN, IMAGENET_DEVIATION)
            )
            return normalize(encoder((_tensor(crop) - mean) / deviation))
        identity: Tensor = encoder(2 * _tensor(crop) - 1)
        return identity


def _run(name: str, crop: Pixels, identity: Tensor) -> Pixels:
    """The swapped crop, uint8 S x S x 3 as `crop`. SimSwap works on 0..1, FaceShifter on -1..1."""
    import torch

    from proface.looks.swaps.load_weights import load_network

    generator = load_network(name)
    with torch.inference_mode():
        if name == "simswap":
            out = generator(_tensor(crop), identity)
        else:
            out = (generator(2 * _tensor(crop) - 1, identity) + 1) / 2
        return to_uint8((out[0].permute(1, 2, 0) * 255).numpy())


def _tensor(crop: Pixels) -> Tensor:
    """H x W x 3 uint8 -> 1 x 3 x H x W in 0..1."""
    import torch

    return torch.from_numpy(crop.copy()).permute(2, 0, 1)[None].float() / 255


def _frame(face: Face, name: str, side: int) -> Matrix:
    """The similarity transform from the photo into a crop of `side` pixels: 2 x 3."""
    marks = shape_of(face).landmarks
    if name == "simswap":
        return similarity(marks, (TEMPLATE + 0.5) * (side / 112) - 0.5)
    right, left, mouth = marks[0], marks[1], marks[3:].mean(axis=0)
    eyes = (right + left) / 2
    down, along = mouth - eyes, left - right
    # FFHQ's square: its x axis averages the two lines' directions, its side fits the longer one.
    x = along + np.array([down[1], -down[0]])
    x /= max(float(np.hypot(*x)), 1e-6)
    half = max(2.0 * float(np.hypot(*along)), 1.8 * float(np.hypot(*down)), 1.0)
    centre = eyes + 0.1 * down
    ends = np.stack([centre - half * x, centre, centre + half * x])
    middle = (side - 1) / 2
    return similarity(ends, np.array([[-0.5, middle], [middle, middle], [side - 0.5, middle]]))


def _lay(pixels: Pixels, crop: Pixels, matrix: Matrix) -> None:
    """Warps the crop back into the photo, in place; its alpha falls to 0 towards its edges."""
    import cv2

    size = pixels.shape[1], pixels.shape[0]
    back = cv2.invertAffineTransform(matrix)
    edge = cv2.BORDER_REPLICATE
    new = np.asarray(cv2.warpAffine(crop, back, size, flags=cv2.INTER_CUBIC, borderMode=edge))
    side = crop.shape[0]
    near = (np.minimum(np.arange(side), np.arange(side)[::-1]) + 0.5) / (FADE * side)
    ramp = np.clip(near, 0, 1).astype(np.float32)
    cover = np.asarray(cv2.warpAffine(np.outer(ramp, ramp), back, size, flags=cv2.INTER_LINEAR))
    blend(pixels, new, cover)
