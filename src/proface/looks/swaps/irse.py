"""The identity encoders: residual networks with squeeze-and-excitation, trained with ArcFace.

Deng, Guo, Xue, Zafeiriou, "ArcFace: Additive Angular Margin Loss for Deep Face Recognition",
CVPR 2019; Hu, Shen, Sun, "Squeeze-and-Excitation Networks", CVPR 2018. The two builds differ in
their stems, activations and names; attribute names are those of the published checkpoints.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

SIDE = 112
IDENTITY = 512
WIDTHS = (64, 128, 256, 512)
REDUCTION = 16  # of channels in squeeze-and-excitation
FLAT = WIDTHS[-1] * (SIDE // 16) ** 2


def _units(depths: tuple[int, ...], first_stride: int) -> Iterator[tuple[int, int, int]]:
    """Input channels, output channels and stride of every unit; a stage's first one downsamples."""
    inputs = WIDTHS[0]
    for stage, (width, depth) in enumerate(zip(WIDTHS, depths, strict=True)):
        for n in range(depth):
            yield inputs, width, 1 if n else 2 if stage else first_stride
            inputs = width


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)


def _projection(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


class LinearGate(nn.Module):
    """Squeeze-and-excitation with two linear layers: channel weights from channel means."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        few = channels // REDUCTION
        self.fc = nn.Sequential(
            nn.Linear(channels, few), nn.PReLU(), nn.Linear(few, channels), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        """B x C x H x W -> B x C x H x W."""
        return cast(Tensor, x * self.fc(x.mean(dim=(2, 3)))[..., None, None])


class LinearGateUnit(nn.Module):
    """SimSwap's residual unit: one PReLU slope for all channels, and a PReLU after the sum."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.bn0 = nn.BatchNorm2d(inputs)
        self.conv1 = _conv(inputs, inputs)
        self.bn1 = nn.BatchNorm2d(inputs)
        self.prelu = nn.PReLU()
        self.conv2 = _conv(inputs, outputs, stride)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = (
            None if stride == 1 and inputs == outputs else _projection(inputs, outputs, stride)
        )
        self.se = LinearGate(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """B x inputs x H x W -> B x outputs x H/stride x W/stride."""
        y = self.prelu(self.bn1(self.conv1(self.bn0(x))))
        y = self.se(self.bn2(self.conv2(y)))
        return cast(Tensor, self.prelu(y + (x if self.downsample is None else self.downsample(x))))


class SimSwapEncoder(nn.Module):
    """SimSwap's identity encoder: ArcFace, IR-SE, blocks 3-4-23-3.

    Args:
        depths: units of each of the four stages.
    """

    def __init__(self, depths: tuple[int, int, int, int] = (3, 4, 23, 3)) -> None:
        super().__init__()
        # Without padding, unlike all others: 112 -> 110, and the pool's 55 shrink to 28, 14, 7.
        self.conv1 = nn.Conv2d(3, WIDTHS[0], 3, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTHS[0])
        self.prelu = nn.PReLU()
        self.maxpool = nn.MaxPool2d(2)
        units = _units(depths, first_stride=1)
        for n, depth in enumerate(depths, 1):
            stage = nn.Sequential(*(LinearGateUnit(*next(units)) for _ in range(depth)))
            self.add_module(f"layer{n}", stage)
        self.bn2 = nn.BatchNorm2d(WIDTHS[-1])
        self.fc = nn.Linear(FLAT, IDENTITY)
        self.bn3 = nn.BatchNorm1d(IDENTITY)

    def forward(self, face: Tensor) -> Tensor:
        """B x 3 x 112 x 112, RGB by ImageNet's mean and deviation -> B x 512, not normalised."""
        x = self.maxpool(self.prelu(self.bn1(self.conv1(face))))
        for n in range(1, 5):
            x = self.get_submodule(f"layer{n}")(x)
        return cast(Tensor, self.bn3(self.fc(torch.flatten(self.bn2(x), 1))))


class ConvGate(nn.Module):
    """Squeeze-and-excitation with two 1 x 1 convolutions without bias."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // REDUCTION, 1, bias=False)
        self.fc2 = nn.Conv2d(channels // REDUCTION, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """B x C x H x W -> B x C x H x W."""
        means = x.mean(dim=(2, 3), keepdim=True)
        return x * torch.sigmoid(self.fc2(torch.relu(self.fc1(means))))


class ConvGateUnit(nn.Module):
    """IR-SE-50's residual unit: a slope for each channel, and nothing after the sum."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.shortcut_layer = (
            nn.MaxPool2d(1, stride) if inputs == outputs else _projection(inputs, outputs, stride)
        )
        self.res_layer = nn.Sequential(
            nn.BatchNorm2d(inputs),
            _conv(inputs, outputs),
            nn.PReLU(outputs),
            _conv(outputs, outputs, stride),
            nn.BatchNorm2d(outputs),
            ConvGate(outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        """B x inputs x H x W -> B x outputs x H/stride x W/stride."""
        return cast(Tensor, self.shortcut_layer(x) + self.res_layer(x))


class FaceShifterEncoder(nn.Module):
    """FaceShifter's identity encoder: IR-SE-50, blocks 3-4-14-3."""

    def __init__(self) -> None:
        super().__init__()
        stem = _conv(3, WIDTHS[0])
        self.input_layer = nn.Sequential(stem, nn.BatchNorm2d(WIDTHS[0]), nn.PReLU(WIDTHS[0]))
        # Dropout does nothing in evaluation; it keeps the places of the entries' names.
        self.output_layer = nn.Sequential(
            nn.BatchNorm2d(WIDTHS[-1]),
            nn.Dropout(),
            nn.Flatten(),
            nn.Linear(FLAT, IDENTITY),
            nn.BatchNorm1d(IDENTITY),
        )
        units = _units((3, 4, 14, 3), first_stride=2)
        self.body = nn.Sequential(*(ConvGateUnit(*unit) for unit in units))

    def forward(self, face: Tensor) -> Tensor:
        """B x 3 x 112 x 112, RGB in -1..1 -> B x 512 of unit length."""
        return normalize(self.output_layer(self.body(self.input_layer(face))))
