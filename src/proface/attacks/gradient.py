"""A key of the keyed flow, looked for by the gradient, with all weights known.

The flow can be differentiated by its key map. The attacker lets the map take any value between -1
and 1, opens the picture with it, and walks to what is smooth and looks like the picture where both
are averaged over squares. (Pads of the padded flow are subtracted in a ring: nothing to follow.)
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load
from torch import Tensor
from torch.nn.functional import avg_pool2d

from proface.flows import KeyedFlow
from proface.runtime import Flow

Pixels = npt.NDArray[np.uint8]

RATE = 0.1
SQUARE = 8  # pixels over which the picture and what it opens to must agree


def differentiable(flow: Flow) -> KeyedFlow:
    """The keyed flow of a model, in torch, its weights fixed."""
    network = KeyedFlow()
    network.load_state_dict(load(flow.card.read("weights")))
    return network.eval().requires_grad_(False)


def descend(network: KeyedFlow, p: Pixels, steps: int) -> Pixels:
    """What the most plausible key map found opens.

    Args:
        network: of the model that protected.
        p: protected picture, H x W x 3, even sides.
        steps: of descent.
    """
    picture = torch.from_numpy(p).permute(2, 0, 1)[None].float() / 127.5 - 1
    free = (0.5 * torch.randn(1, 1, *p.shape[:2])).requires_grad_()
    optimizer = torch.optim.Adam([free], RATE)
    least, best = float("inf"), picture
    for _ in range(steps):
        image = network.inverse(picture, torch.tanh(free))[1]
        loss = implausible(image, picture)
        if loss.item() < least:
            least, best = loss.item(), image.detach()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    levels = (best[0] + 1) * 127.5
    return levels.clamp(0, 255).round().permute(1, 2, 0).to(torch.uint8).numpy()


def implausible(image: Tensor, picture: Tensor) -> Tensor:
    """How rough an image is, and how unlike the picture in the mean of squares."""
    rough = image.diff(dim=2).abs().mean() + image.diff(dim=3).abs().mean()
    unlike = (avg_pool2d(image, SQUARE) - avg_pool2d(picture, SQUARE)).abs().mean()
    return rough + 2 * unlike
