"""FaceShifter's generator, AEI-Net: attributes at eight scales, identity, and masks between them.

Li, Bao, Yang, Chen, Wen, "Advancing High Fidelity Identity Swapping for Forgery Detection",
CVPR 2020 (arXiv 1912.13457). Attribute names are those of the published checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import instance_norm, interpolate

IDENTITY = 512
SLOPE = 0.1  # of the encoder's leaky rectifiers
# Channels of the U-Net on the way down, and on the way up before each skip connection.
DOWN = (32, 64, 128, 256, 512, 1024, 1024)
UP = (1024, 512, 256, 128, 64, 32)
# Of the decoder's blocks: input, output, and the attributes that each one reads.
BLOCKS = (
    (1024, 1024, 1024),
    (1024, 1024, 2048),
    (1024, 1024, 1024),
    (1024, 512, 512),
    (512, 256, 256),
    (256, 128, 128),
    (128, 64, 64),
    (64, 3, 64),
)


def _doubled(x: Tensor) -> Tensor:
    return interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)


class Widen(nn.Module):
    """Upsamples by 2 and concatenates the skip connection of that size."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.deconv = nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(outputs)
        self.lrelu = nn.LeakyReLU(SLOPE)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """B x C x H x W and B x D x 2H x 2W -> B x (outputs + D) x 2H x 2W."""
        return torch.cat((self.lrelu(self.bn(self.deconv(x))), skip), dim=1)


class AttributeEncoder(nn.Module):
    """U-Net: pose, light and background of a face, as maps at eight scales."""

    def __init__(self) -> None:
        super().__init__()
        for n, (inputs, outputs) in enumerate(zip((3, *DOWN), DOWN, strict=False), 1):
            conv = nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=False)
            layer = nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.LeakyReLU(SLOPE))
            self.add_module(f"conv{n}", layer)
        inputs = DOWN[-1]
        for n, (outputs, skip) in enumerate(zip(UP, DOWN[-2::-1], strict=True), 1):
            self.add_module(f"deconv{n}", Widen(inputs, outputs))
            inputs = outputs + skip

    def forward(self, face: Tensor) -> list[Tensor]:
        """B x 3 x H x W, H and W multiples of 128 -> eight maps, from H/128 up to H."""
        steps = [face]
        for n in range(1, len(DOWN) + 1):
            steps.append(self.get_submodule(f"conv{n}")(steps[-1]))
        maps = [steps.pop()]
        for n in range(1, len(UP) + 1):
            maps.append(self.get_submodule(f"deconv{n}")(maps[-1], steps.pop()))
        return [*maps, _doubled(maps[-1])]


class AdaptiveDenormalisation(nn.Module):
    """AAD: features restyled by attributes and by identity, with a learned mask between the two."""

    def __init__(self, features: int, attributes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(attributes, features, 1)
        self.conv2 = nn.Conv2d(attributes, features, 1)
        self.fc1 = nn.Linear(IDENTITY, features)
        self.fc2 = nn.Linear(IDENTITY, features)
        self.conv_h = nn.Conv2d(features, 1, 1)

    def forward(self, x: Tensor, attributes: Tensor, identity: Tensor) -> Tensor:
        """B x C x H x W, B x A x H x W and B x 512 -> B x C x H x W."""
        x = instance_norm(x)
        mask = torch.sigmoid(self.conv_h(x))  # B x 1 x H x W: 1 where identity rules
        by_attributes = self.conv1(attributes) * x + self.conv2(attributes)
        scale, shift = (layer(identity)[..., None, None] for layer in (self.fc1, self.fc2))
        return cast(Tensor, (1 - mask) * by_attributes + mask * (scale * x + shift))


class Block(nn.Module):
    """Two restyled convolutions, and one on the shortcut where the channels change."""

    def __init__(self, inputs: int, outputs: int, attributes: int) -> None:
        super().__init__()
        self.AAD1 = AdaptiveDenormalisation(inputs, attributes)
        self.conv1 = nn.Conv2d(inputs, inputs, 3, padding=1, bias=False)
        self.AAD2 = AdaptiveDenormalisation(inputs, attributes)
        self.conv2 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.changes = inputs != outputs
        if self.changes:
            self.AAD3 = AdaptiveDenormalisation(inputs, attributes)
            self.conv3 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)

    def forward(self, x: Tensor, attributes: Tensor, identity: Tensor) -> Tensor:
        """B x inputs x H x W -> B x outputs x H x W."""
        y = self.conv1(torch.relu(self.AAD1(x, attributes, identity)))
        y = self.conv2(torch.relu(self.AAD2(y, attributes, identity)))
        if self.changes:
            x = self.conv3(torch.relu(self.AAD3(x, attributes, identity)))
        return cast(Tensor, x + y)


class Decoder(nn.Module):
    """From an identity to a face with the given attributes, doubled in size between blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.up1 = nn.ConvTranspose2d(IDENTITY, BLOCKS[0][0], 2)
        for n, sizes in enumerate(BLOCKS, 1):
            self.add_module(f"AADBlk{n}", Block(*sizes))

    def forward(self, attributes: Sequence[Tensor], identity: Tensor) -> Tensor:
        """Eight attribute maps and B x 512 -> B x 3 x H x W in -1..1."""
        x = self.up1(identity[..., None, None])  # B x 1024 x 2 x 2
        for n, maps in enumerate(attributes, 1):
            x = self.get_submodule(f"AADBlk{n}")(x if n == 1 else _doubled(x), maps, identity)
        return torch.tanh(x)


class FaceShifterGenerator(nn.Module):
    """The face of one photo with the identity of another.

    face ---> AttributeEncoder ---> 8 maps --+
    identity -----------------------> Decoder -> face
    """

    def __init__(self) -> None:
        super().__init__()
        self.encoder = AttributeEncoder()
        self.generator = Decoder()

    def forward(self, face: Tensor, identity: Tensor) -> Tensor:
        """The swapped face.

        Args:
            face: B x 3 x 256 x 256, RGB in -1..1.
            identity: B x 512, as the IR-SE-50 encoder gives it.

        Returns:
            B x 3 x 256 x 256 in -1..1.
        """
        return cast(Tensor, self.generator(self.encoder(face), identity))
