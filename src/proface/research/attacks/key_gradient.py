"""Gradient search for a key of the keyed flow, with known weights.

The flow is differentiable in its key map. The attacker relaxes the map to values between -1 and 1
and descends to a recovered image that is smooth and agrees with the picture when both are averaged
over squares. (The padded flow subtracts its pad modulo 2^16, which has no useful gradient.)
"""

from __future__ import annotations

import torch
from safetensors.torch import load
from torch import Tensor
from torch.nn.functional import avg_pool2d

from proface.models.flow import Flow
from proface.research.networks.keyed_flow import KeyedFlow
from proface.types import Pixels

RATE = 0.1
SQUARE = 8  # pixels of the squares in which the picture and the recovered image must agree


def differentiable(flow: Flow) -> KeyedFlow:
    """A model's keyed flow in torch, with frozen weights."""
    network = KeyedFlow()
    network.load_state_dict(load(flow.card.read("weights")))
    return network.eval().requires_grad_(False)


def gradient_search(network: KeyedFlow, p: Pixels, steps: int) -> Pixels:
    """The image recovered with the most plausible key map found.

    Args:
        network: of the model that made the picture.
        p: protected picture, uint8 H x W x 3, even sides.
        steps: of Adam.
    """
    picture = torch.from_numpy(p).permute(2, 0, 1)[None].float() / 127.5 - 1
    free = (0.5 * torch.randn(1, 1, *p.shape[:2])).requires_grad_()
    optimizer = torch.optim.Adam([free], RATE)
    least, best = float("inf"), picture
    for _ in range(steps):
        image = network.inverse(picture, torch.tanh(free))[1]
        loss = plausibility_loss(image, picture)
        if loss.item() < least:
            least, best = loss.item(), image.detach()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    levels = (best[0] + 1) * 127.5
    return levels.clamp(0, 255).round().permute(1, 2, 0).to(torch.uint8).numpy()


def plausibility_loss(image: Tensor, picture: Tensor) -> Tensor:
    """Total variation, and the difference from the picture's averages over squares."""
    variation = image.diff(dim=2).abs().mean() + image.diff(dim=3).abs().mean()
    difference = (avg_pool2d(image, SQUARE) - avg_pool2d(picture, SQUARE)).abs().mean()
    return variation + 2 * difference
