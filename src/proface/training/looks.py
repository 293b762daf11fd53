"""The looks that training draws, in the ranges of the published training (docs/TRAINING.md).

A sampler draws a look and its strength; what it gives makes the obfuscated image. Strengths are in
pixels of a 256 px image and grow with the image, as everywhere.

SimSwap and FaceShifter need weights that the user brings (`proface models import`). Without them
the project's own `swap` stands in, which shows another face without a network.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from proface.errors import UsageError
from proface.obfuscators import obfuscate
from proface.obfuscators.look import scale_of
from proface.obfuscators.stickers import STICKERS
from proface.runtime.folder import weights_file
from proface.training.images import find_images
from proface.training.layouts import Item
from proface.training.settings import Settings

Pixels = npt.NDArray[np.uint8]
Apply = Callable[[Pixels], Pixels]

NETWORKS = ("simswap", "faceshifter")
ATTEMPTS = 5  # at a target photo with a face

# What each sampler draws from, one of them each time.
SAMPLERS: dict[str, tuple[str, ...]] = {
    "hybridAll": ("blur", "median", "pixelate", "mask", "simswap", "faceshifter"),
    "hybrid": ("hybrid-blur", "hybrid-median", "hybrid-pixelate"),
    "hybridMorph": NETWORKS,
    "basic": ("blur", "median", "pixelate", "mask"),
    **{name: (name,) for name in ("blur", "median", "pixelate", "mask")},
    **{name: (name,) for name in (*NETWORKS, "swap")},
}


class Sampler:
    """Draws looks.

    Args:
        name: of `SAMPLERS`.
        targets: photos whose faces a swap may show.

    Raises:
        UsageError: no such sampler.
    """

    def __init__(self, name: str, targets: Sequence[Path]) -> None:
        if name not in SAMPLERS:
            raise UsageError(f"--look {name}: choose one of {', '.join(SAMPLERS)}.")
        self.kinds, self.targets = SAMPLERS[name], targets

    def stand_ins(self) -> list[str]:
        """Those of its swap networks for which `swap` stands in."""
        return sorted(kind for kind in self.kinds if kind in NETWORKS and not has_weights(kind))

    def draw(self, generator: np.random.Generator) -> Apply:
        """A look with its strength; pixels H x W x 3 -> the obfuscated pixels."""
        kind = str(generator.choice(self.kinds))
        if kind in (*NETWORKS, "swap"):
            order = generator.permutation(len(self.targets))[:ATTEMPTS]
            return _swap(kind, [self.targets[i] for i in order])
        if kind == "hybrid-blur":
            sigma = generator.uniform(6, 10)
            return lambda pixels: _narrow_blur(pixels, sigma)
        spec = _spec(kind, generator)
        return lambda pixels: obfuscate(pixels, spec)


def _spec(kind: str, generator: np.random.Generator) -> str:
    if kind == "blur":
        return f"blur:{generator.uniform(9, 21):.1f}"
    if kind == "median":
        return f"median:{2 * generator.integers(8, 15) + 1}"
    if kind == "pixelate":
        return f"pixelate:{2 * generator.integers(7, 14)}"
    if kind == "mask":
        return f"mask:{generator.choice(sorted(STICKERS))}"
    return {"hybrid-median": "median:15", "hybrid-pixelate": "pixelate:9"}[kind]


def _narrow_blur(pixels: Pixels, sigma: float, kernel: int = 21) -> Pixels:
    """A Gaussian cut off at its kernel, which the look `blur` does not offer."""
    scale = scale_of(pixels)
    side = 2 * max(1, round(kernel // 2 * scale)) + 1
    return np.asarray(cv2.GaussianBlur(np.ascontiguousarray(pixels), (side, side), sigma * scale))


def _swap(kind: str, targets: Sequence[Path]) -> Apply:
    """The look with the first target that shows a face."""
    name = kind if kind == "swap" or has_weights(kind) else "swap"

    def apply(pixels: Pixels) -> Pixels:
        for target in targets:
            try:
                return obfuscate(pixels, f"{name}:{target}")
            except UsageError:
                continue  # nobody in it
        raise UsageError(
            f"--look {kind}: none of {len(targets)} photos drawn shows a face. Give --targets "
            "with photos of faces."
        )

    return apply


def target_photos(settings: Settings, training: Sequence[Item]) -> list[Path]:
    """The photos that the settings name, or else the training images."""
    if settings.targets is None:
        return [item.path for item in training]
    return find_images([settings.targets])


def has_weights(network: str) -> bool:
    """Whether a swap network's weights were imported."""
    return weights_file(network).is_file() and weights_file(f"{network}-identity").is_file()
