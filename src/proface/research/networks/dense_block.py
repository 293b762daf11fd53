"""The network inside a coupling: a dense block of five convolutions."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

SLOPE = 0.01  # of LeakyReLU
INITIAL_SCALE = 0.01  # standard deviation of the first weights: a flow starts near identity


class DenseBlock(nn.Module):
    """Five 3x3 convolutions, each fed with the input and all earlier outputs.

    Shapes: b x inputs x h x w -> b x outputs x h x w. The last convolution starts at zero, so that
    the coupling around it starts as the identity.
    """

    def __init__(self, inputs: int, outputs: int, growth: int = 32) -> None:
        super().__init__()
        for i in range(1, 6):
            width = growth if i < 5 else outputs
            conv = nn.Conv2d(inputs + growth * (i - 1), width, 3, padding=1)
            nn.init.normal_(conv.weight, std=INITIAL_SCALE if i < 5 else 0.0)
            nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
            self.add_module(f"conv{i}", conv)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        for i in range(1, 5):
            x = torch.cat((x, leaky_relu(self.get_submodule(f"conv{i}")(x), SLOPE)), 1)
        return self.get_submodule("conv5")(x)  # type: ignore[no-any-return]
