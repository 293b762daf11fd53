"""Random looks for training, in the ranges of the published training (docs/TRAINING.md).

A sampler draws a look and its strength. Strengths are in pixels of a 256 px image and scale with
the image.

SimSwap and FaceShifter need imported weights (`proface models import`). Without them the fallback
is the project's own `swap`, which shows another face without a network.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from proface.errors import UsageError
from proface.inference.user_folder import weights_file
from proface.looks import obfuscate
from proface.looks.look import scale_of
from proface.looks.stickers import STICKERS
from proface.research.evaluation.images import find, load
from proface.research.training.dataset_layouts import Item
from proface.research.training.images import some_sharp
from proface.research.training.settings import Settings
from proface.types import Pixels

Apply = Callable[[Pixels], Pixels]

NETWORKS = ("simswap", "faceshifter")
ATTEMPTS = 5  # target photos tried until one has a face

# The kinds that each sampler draws from, uniformly.
SAMPLERS: dict[str, tuple[str, ...]] = {
    "hybridAll": ("blur", "median", "pixelate", "mask", "simswap", "faceshifter"),
    "hybrid": ("hybrid-blur", "hybrid-median", "hybrid-pixelate"),
    "hybridMorph": NETWORKS,
    "basic": ("blur", "median", "pixelate", "mask"),
    "mixed": ("blur", "median", "pixelate", "mask", "another", "plain"),
    # Covers with detail of their own are hardest to hide a face under, and get more of the share.
    "detailed": ("blur", "median", "pixelate", *3 * ("mask",), *3 * ("another",)),
    **{name: (name,) for name in ("blur", "median", "pixelate", "mask")},
    **{name: (name,) for name in (*NETWORKS, "swap")},
}


class Sampler:
    """Draws random looks.

    Args:
        name: of `SAMPLERS`.
        targets: photos whose faces a swap may show.

    Raises:
        UsageError: unknown name.
    """

    def __init__(self, name: str, targets: Sequence[Path]) -> None:
        if name not in SAMPLERS:
            raise UsageError(f"--look {name}: choose one of {', '.join(SAMPLERS)}.")
        self.kinds, self.targets = SAMPLERS[name], targets

    def fallbacks(self) -> list[str]:
        """Its swap networks without weights, for which `swap` is the fallback."""
        return sorted(kind for kind in self.kinds if kind in NETWORKS and not has_weights(kind))

    def draw(self, generator: np.random.Generator) -> Apply:
        """Draw a look and its strength: a function from pixels H x W x 3 to obfuscated pixels."""
        kind = str(generator.choice(self.kinds))
        if kind in (*NETWORKS, "swap"):
            order = generator.permutation(len(self.targets))[:ATTEMPTS]
            return _swap(kind, [self.targets[i] for i in order])
        if kind == "another":
            target = self.targets[int(generator.integers(len(self.targets)))]
            return lambda pixels: some_sharp(_another(pixels, target), generator)
        if kind == "plain":
            colour = generator.integers(0, 256, 3, np.uint8)
            return lambda pixels: np.zeros_like(pixels) + colour
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
    """A Gaussian blur truncated at its kernel, which the look `blur` does not offer."""
    scale = scale_of(pixels)
    side = 2 * max(1, round(kernel // 2 * scale)) + 1
    return np.asarray(cv2.GaussianBlur(np.ascontiguousarray(pixels), (side, side), sigma * scale))


def _another(pixels: Pixels, target: Path) -> Pixels:
    """Another image in place of this one: the hardest cover, as it has detail of its own."""
    height, width = pixels.shape[:2]
    return np.asarray(cv2.resize(load(target, max(height, width)), (width, height)))


def _swap(kind: str, targets: Sequence[Path]) -> Apply:
    """The swap look with the first target photo that shows a face."""
    name = kind if kind == "swap" or has_weights(kind) else "swap"

    def apply(pixels: Pixels) -> Pixels:
        for target in targets:
            try:
                return obfuscate(pixels, f"{name}:{target}")
            except UsageError:
                continue  # no face in it
        raise UsageError(
            f"--look {kind}: none of {len(targets)} photos drawn shows a face. Give --targets "
            "with photos of faces."
        )

    return apply


def target_photos(settings: Settings, training: Sequence[Item]) -> list[Path]:
    """The photos in the settings' target folder, or else the training images."""
    if settings.targets is None:
        return [item.path for item in training]
    return find(settings.targets)


def has_weights(network: str) -> bool:
    """Whether a swap network's weights were imported."""
    return weights_file(network).is_file() and weights_file(f"{network}-identity").is_file()
