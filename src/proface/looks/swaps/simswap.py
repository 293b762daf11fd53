"""SimSwap's generator: a face's features, restyled block by block by another person's identity.

Chen, Chen, Ni, Ge, "SimSwap: An Efficient Framework For High Fidelity Face Swapping",
ACM Multimedia 2020. Attribute names are those of the published checkpoint.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

IDENTITY = 512
WIDTH = 512  # channels of the features that the identity is injected into
EPSILON = 1e-8  # of the instance norm: the paper's code has none of torch's 1e-5


def _normalised(x: Tensor) -> Tensor:
    """Every channel of every sample with mean 0 and deviation 1."""
    x = x - x.mean(dim=(2, 3), keepdim=True)
    return x * torch.rsqrt(x.square().mean(dim=(2, 3), keepdim=True) + EPSILON)


class Style(nn.Module):
    """Adaptive instance norm's second half: scale and shift from the identity."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(IDENTITY, 2 * WIDTH)

    def forward(self, x: Tensor, identity: Tensor) -> Tensor:
        """B x 512 x H x W and B x 512 -> B x 512 x H x W."""
        scale, shift = self.linear(identity)[..., None, None].chunk(2, dim=1)
        return cast(Tensor, x * (scale + 1) + shift)


class IdentityBlock(nn.Module):
    """A residual block whose two norms take their style from the identity."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(WIDTH, WIDTH, 3))
        self.style1 = Style()
        self.conv2 = nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(WIDTH, WIDTH, 3))
        self.style2 = Style()

    def forward(self, x: Tensor, identity: Tensor) -> Tensor:
        """B x 512 x H x W and B x 512 -> B x 512 x H x W."""
        y = torch.relu(self.style1(_normalised(self.conv1(x)), identity))
        return cast(Tensor, x + self.style2(_normalised(self.conv2(y)), identity))


def _down(inputs: int, outputs: int) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU())


def _up(inputs: int, outputs: int) -> nn.Sequential:
    grow = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
    conv = nn.Conv2d(inputs, outputs, 3, padding=1)
    return nn.Sequential(grow, conv, nn.BatchNorm2d(outputs), nn.ReLU())


class SimSwapGenerator(nn.Module):
    """The face of one photo with the identity of another.

        face -> down 3x -> 9 x IdentityBlock(identity) -> up 3x -> face

    Args:
        blocks: residual blocks; 9 in the published network.
    """

    def __init__(self, blocks: int = 9) -> None:
        super().__init__()
        first = nn.Conv2d(3, 64, 7)
        self.first_layer = nn.Sequential(
            nn.ReflectionPad2d(3), first, nn.BatchNorm2d(64), nn.ReLU()
        )
        self.down1 = _down(64, 128)
        self.down2 = _down(128, 256)
        self.down3 = _down(256, 512)
        self.BottleNeck = nn.ModuleList(IdentityBlock() for _ in range(blocks))
        self.up3 = _up(512, 256)
        self.up2 = _up(256, 128)
        self.up1 = _up(128, 64)
        self.last_layer = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(64, 3, 7))

    def forward(self, face: Tensor, identity: Tensor) -> Tensor:
        """The swapped face.

        Args:
            face: B x 3 x H x W, RGB in 0..1, H and W multiples of 8; 224 x 224 in the paper.
            identity: B x 512, of unit length.

        Returns:
            B x 3 x H x W in 0..1.
        """
        x = self.down3(self.down2(self.down1(self.first_layer(face))))
        for block in self.BottleNeck:
            x = block(x, identity)
        x = self.last_layer(self.up1(self.up2(self.up3(x))))
        return (torch.tanh(x) + 1) / 2
