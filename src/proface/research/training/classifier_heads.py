"""Published face classifiers, rebuilt from the names and shapes in their checkpoints.

    linear    one layer on 512-dimensional embeddings: an entry `weight`, optionally `bias`
    resnet    He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, with
              the usual names (conv1, bn1, layer1.0.conv1, ..., fc), of any depth

Checkpoints are read as tensors only: no code in them runs. Every entry must be used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from proface.errors import ModelError
from proface.research.training.run_folder import fill, read_state

EMBEDDING = 512
COUNTER = "num_batches_tracked"
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Classifier(nn.Module):
    """A frozen classifier: embeddings b x 512, or images b x 3 x H x W in [-1, 1] -> b x classes.

    Attributes:
        on_embeddings: whether its input is embeddings.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, network: nn.Module, *, on_embeddings: bool) -> None:
        super().__init__()
        self.network, self.on_embeddings = network, on_embeddings
        for name, values in (("mean", IMAGENET_MEAN), ("deviation", IMAGENET_DEVIATION)):
            self.register_buffer(name, torch.tensor(values)[:, None, None])
        self.requires_grad_(False).eval()

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        if not self.on_embeddings:
            x = ((x.clamp(-1, 1) + 1) / 2 - self.mean) / self.deviation
        return cast(Tensor, self.network(x))


def load_head(path: Path) -> Classifier:
    """Load a classifier from its checkpoint.

    Raises:
        ModelError: unreadable, or of neither kind; the message names what does not fit.
    """
    state = dict(read_state(str(path))[0])
    for key in [key for key in state if key.endswith(COUNTER)]:
        del state[key]
    linear = {key.rpartition(".")[2]: value for key, value in state.items()}
    if len(state) <= 2 and "weight" in linear and linear["weight"].ndim == 2:
        classes, inputs = linear["weight"].shape
        if inputs != EMBEDDING:
            raise ModelError(f"{path}: a layer with {inputs} inputs; {EMBEDDING} are needed.")
        layer = nn.Linear(inputs, classes, bias="bias" in linear)
        fill(layer, linear, str(path))
        return Classifier(layer, on_embeddings=True)
    if "conv1.weight" in state and "layer1.0.conv1.weight" in state and "fc.weight" in state:
        network = ResNet(state)
        counters = {k: v for k, v in network.state_dict().items() if k.endswith(COUNTER)}
        fill(network, state | counters, str(path))
        return Classifier(network, on_embeddings=False)
    raise ModelError(
        f"{path}: neither a linear layer (weight, bias) nor a ResNet (conv1, layer1.0.conv1, ..., "
        f"fc); it begins with {', '.join(list(state)[:3]) or 'nothing'}."
    )


class ResidualUnit(nn.Module):
    """Two 3x3 convolutions, or 1x1, 3x3, 1x1 in the deeper networks, added to the input."""

    def __init__(self, shapes: list[torch.Size], stride: int, *, projected: bool) -> None:
        super().__init__()
        self.count = len(shapes)
        for n, (outputs, inputs, side, _) in enumerate(shapes, 1):
            # The 3x3 convolution has the stride: the first of two, the middle one of three.
            step = stride if n == (1 if self.count == 2 else 2) else 1
            conv = nn.Conv2d(inputs, outputs, side, step, side // 2, bias=False)
            self.add_module(f"conv{n}", conv)
            self.add_module(f"bn{n}", nn.BatchNorm2d(outputs))
        self.downsample: nn.Module | None = None
        if projected:
            first, last = shapes[0][1], shapes[-1][0]
            conv = nn.Conv2d(first, last, 1, stride, bias=False)
            self.downsample = nn.Sequential(conv, nn.BatchNorm2d(last))

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        y = x
        for n in range(1, self.count + 1):
            y = self.get_submodule(f"bn{n}")(self.get_submodule(f"conv{n}")(y))
            y = torch.relu(y) if n < self.count else y
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    """A ResNet with the depth and widths of a state dict."""

    def __init__(self, state: Mapping[str, Tensor]) -> None:
        super().__init__()
        width = state["conv1.weight"].shape[0]
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.stages = 1
        while f"layer{self.stages + 1}.0.conv1.weight" in state:
            self.stages += 1
        for stage in range(1, self.stages + 1):
            self.add_module(f"layer{stage}", _stage(state, stage))
        classes, inputs = state["fc.weight"].shape
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x: Tensor) -> Tensor:
        """b x 3 x H x W -> b x classes."""
        x = torch.relu(self.bn1(self.conv1(x)))
        x = nn.functional.max_pool2d(x, 3, 2, 1)
        for stage in range(1, self.stages + 1):
            x = self.get_submodule(f"layer{stage}")(x)
        return cast(Tensor, self.fc(x.mean((2, 3))))


def _stage(state: Mapping[str, Tensor], stage: int) -> nn.Sequential:
    units: list[nn.Module] = []
    while f"layer{stage}.{len(units)}.conv1.weight" in state:
        prefix = f"layer{stage}.{len(units)}."
        names = [n for n in state if re.fullmatch(re.escape(prefix) + r"conv[123]\.weight", n)]
        shapes = [state[name].shape for name in sorted(names)]
        if len(shapes) < 2 or any(len(shape) != 4 for shape in shapes):
            raise ModelError(f"the head's entries {prefix}* are not those of a ResNet.")
        projected = f"{prefix}downsample.0.weight" in state
        stride = 2 if stage > 1 and not units else 1
        units.append(ResidualUnit(shapes, stride, projected=projected))
    return nn.Sequential(*units)
