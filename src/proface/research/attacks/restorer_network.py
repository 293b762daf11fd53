"""The network that restores faces, and its input features.

A U-Net at a quarter of the resolution. Its input: the picture; its amplified residuals over two
low-pass filters, where hidden data would be; its samples modulo 3, 4 and 5 as points on a circle,
which is how the padded flow embeds; the picture decoded by the model without the key; and the pixel
coordinates, since faces are aligned.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, pixel_shuffle

from proface.types import Pixels

Floats = npt.NDArray[np.float32]

WIDTHS = {"tiny": 8, "small": 16, "medium": 32, "large": 64}  # 0.1, 0.4, 1.4 and 5.4 million
FACTOR = 4  # of the resolution
MODULI = (3, 4, 5)
PLANES = 3 + 6 + 6 * len(MODULI) + 3 + 2
WINDOWS = (5, 17)  # of the low-pass filters, pixels
TRUST_SCALE = 16
RESIDUAL_SCALE = 1 / 8  # of a level
# Each of the 256 values modulo each number, as points on circles: 256 x 6.
_TURNS = np.outer(np.arange(256), 2 * np.pi / np.array(MODULI))
CIRCLES = np.concatenate((np.cos(_TURNS), np.sin(_TURNS)), 1).astype(np.float32)


def input_planes(picture: Pixels, decoded: Pixels | None) -> Floats:
    """The network's input features of a picture, float32 H/4 x W/4 x 464.

    Args:
        picture: uint8 H x W x 3.
        decoded: likewise, decoded without the key; None without a decoder.
    """
    height, width, _ = picture.shape
    levels = picture.astype(np.float32)
    planes = np.empty((height, width, PLANES), np.float32)
    planes[..., :3] = levels / 127.5 - 1
    for first, window in zip((3, 6), WINDOWS, strict=True):
        rest = (levels - cv2.blur(levels, (window, window))) * RESIDUAL_SCALE
        planes[..., first : first + 3] = rest.clip(-4, 4)
    planes[..., 9:27] = CIRCLES[picture].reshape(height, width, -1)
    planes[..., 27:30] = 0 if decoded is None else decoded.astype(np.float32) / 127.5 - 1
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
    """Pictures and their features -> restored pictures, levels.

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

    def forward(self, picture: Tensor, decoded: Tensor, planes: Tensor) -> Tensor:
        """Restore.

        Args:
            picture: b x 3 x H x W, levels.
            decoded: likewise, decoded without the key; the picture if there is no decoder.
            planes: b x 464 x H/4 x W/4, of `input_planes`.

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
        output = pixel_shuffle(self.tail(leaky_relu(x, 0.1)), FACTOR).float()
        # The trust in the decoder is scaled to be learned fast: a right key should need few steps.
        trust = TRUST_SCALE * output[:, 3:]
        return picture + trust * (decoded - picture) + 127.5 * output[:, :3]
