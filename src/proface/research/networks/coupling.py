"""Affine coupling of two halves, invertible whatever its subnets compute.

    forward   y1 = e(psi(x2, k)) x1 + phi(x2, k)
              y2 = e(rho(y1, k)) x2 + eta(y1, k)
    inverse   x2 = (y2 - eta(y1, k)) / e(rho(y1, k))
              x1 = (y1 - phi(x2, k)) / e(psi(x2, k))

with e(s) = exp(4 (sigmoid(s) - 1/2)), between e^-2 and e^2, and an optional condition k.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from proface.research.networks.dense_block import DenseBlock


def scale(s: Tensor) -> Tensor:
    """The soft-clamped scale e(s), 0.135..7.39."""
    return torch.exp(4 * (torch.sigmoid(s) - 0.5))


class AffineCoupling(nn.Module):
    """One block: (first, second) <-> (first, second), all b x channels x h x w.

    Args:
        first, second: channels of the two halves.
        condition: channels of the condition, 0 for none.
        growth: width of the subnets.
    """

    def __init__(self, first: int, second: int, condition: int = 0, growth: int = 32) -> None:
        super().__init__()
        # One-letter names are those of the published checkpoints.
        self.r = DenseBlock(first + condition, second, growth)
        self.y = DenseBlock(first + condition, second, growth)
        self.f = DenseBlock(second + condition, first, growth)
        self.p = DenseBlock(second + condition, first, growth)

    def forward(
        self, first: Tensor, second: Tensor, condition: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Forward; see the module for the formula."""
        seen = _join(second, condition)
        first = scale(self.p(seen)) * first + self.f(seen)
        seen = _join(first, condition)
        return first, scale(self.r(seen)) * second + self.y(seen)

    def inverse(
        self, first: Tensor, second: Tensor, condition: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Undo `forward` under the same condition."""
        seen = _join(first, condition)
        second = (second - self.y(seen)) / scale(self.r(seen))
        seen = _join(second, condition)
        return (first - self.f(seen)) / scale(self.p(seen)), second


def _join(half: Tensor, condition: Tensor | None) -> Tensor:
    return half if condition is None else torch.cat((half, condition), 1)
