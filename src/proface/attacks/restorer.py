"""The network that tries to bring a face back, and what it looks at.

A U-Net at a quarter of the resolution. It sees the picture; what is left of it over two low-pass
filters, amplified, since that is where a secret hides; its samples modulo 3, 4 and 5, as points on
a circle, since that is how the padded flow carries; what the model's own decoder makes of it
without the key; and where each pixel lies, since faces are aligned.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, pixel_shuffle

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

WIDTHS = {"tiny": 8, "small": 16, "medium": 32, "large": 64}  # 0.1, 0.4, 1.4 and 5.4 million
FACTOR = 4  # of the resolution
MODULI = (3, 4, 5)
PLANES = 3 + 6 + 6 * len(MODULI) + 3 + 2
WINDOWS = (5, 17)  # of the low-pass filters, pixels
BELIEF = 16
AMPLIFIED = 1 / 8  # a level, as the network sees it
# What each of the 256 values is modulo each number, as points on circles: 256 x 6.
_TURNS = np.outer(np.arange(256), 2 * np.pi / np.array(MODULI))
CIRCLES = np.concatenate((np.cos(_TURNS), np.sin(_TURNS)), 1).astype(np.float32)


def seen(picture: Pixels, opened: Pixels | None) -> Floats:
    """What the network sees of a picture, H/4 x W/4 x 464.

    Args:
        picture: H x W x 3.
        opened: the same, what the decoder makes of it without the key.
    """
    height, width, _ = picture.shape
    levels = picture.astype(np.float32)
    planes = np.empty((height, width, PLANES), np.float32)
    planes[..., :3] = levels / 127.5 - 1
    for first, window in zip((3, 6), WINDOWS, strict=True):
        rest = (levels - cv2.blur(levels, (window, window))) * AMPLIFIED
        planes[..., first : first + 3] = rest.clip(-4, 4)
    planes[..., 9:27] = CIRCLES[picture].reshape(height, width, -1)
    planes[..., 27:30] = 0 if opened is None else opened.astype(np.float32) / 127.5 - 1
    planes[..., 30] = np.arange(height)[:, None] / 128 - 1
    planes[..., 31] = np.arange(width) / 128 - 1
    blocks = planes.reshape(height // FACTOR, FACTOR, width // FACTOR, FACTOR, PLANES)
    return blocks.transpose(0, 2, 1, 3, 4).reshape(height // FACTOR, width // FACTOR, -1)


class _Block(nn.Module):
    """Two 3x3 convolutions added to their input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        with torch.no_grad():
            self.second.weight.mul_(0.2)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(leaky_relu(self.first(x), 0.1))  # type: ignore[no-any-return]


class Restorer(nn.Module):
    """Pictures, and what is seen of them, -> restored pictures, levels.

    Args:
        size: "tiny", "small", "medium" or "large".
        levels: resolutions of the U-Net; H and W are multiples of 4 x 2^(levels - 1).
    """

    def __init__(self, size: str, levels: int = 4) -> None:
        super().__init__()
        widths = [WIDTHS[size] * (level + 1) for level in range(levels)]
        self.head = nn.Conv2d(PLANES * FACTOR**2, widths[0], 3, padding=1)
        self.down = nn.ModuleList(_Block(w) for w in widths)
        self.up = nn.ModuleList(_Block(w) for w in widths)
        self.shrink = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in pairwise(widths))
        self.grow = nn.ModuleList(
            nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in pairwise(widths)
        )
        self.tail = nn.Conv2d(widths[0], 4 * FACTOR**2, 3, padding=1)
        nn.init.zeros_(self.tail.weight)
        nn.init.zeros_(self.tail.bias)  # type: ignore[arg-type]

    def forward(self, picture: Tensor, opened: Tensor, planes: Tensor) -> Tensor:
        """Restore.

        Args:
            picture: b x 3 x H x W, levels.
            opened: likewise, what the decoder makes of it; the picture where there is none.
            planes: b x 464 x H/4 x W/4, of `seen`.

        Returns:
            b x 3 x H x W, neither rounded nor clipped.
        """
        x = self.head(planes)
        kept = []
        for level, block in enumerate(self.down):
            x = block(x)
            if level < len(self.shrink):
                kept.append(x)
                x = self.shrink[level](x)
        for level in reversed(range(len(self.up))):
            if level < len(self.grow):
                x = self.grow[level](x) + kept[level]
            x = self.up[level](x)
        found = pixel_shuffle(self.tail(leaky_relu(x, 0.1)), FACTOR).float()
        # How far to believe the decoder is learned fast: a right key should need few steps.
        trust = BELIEF * found[:, 3:]
        return picture + trust * (opened - picture) + 127.5 * found[:, :3]
