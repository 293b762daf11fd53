"""An attacker: a restoring network trained on the pictures of one target.

Attackers that are compared start from the same weights and take the same steps on the same faces.
Weights are averaged exponentially and the learning rate decays slowly, so that an attacker can be
evaluated at any step. Time is counted in minutes of two cores: processor time divided by 120
seconds, of training steps and of making the pictures.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from proface.research.attacks.restorer_network import Restorer, input_planes
from proface.research.attacks.samples import Sample
from proface.types import Pixels

RATE = 1e-3
CORES = 2


def tensor(images: Sequence[Pixels]) -> Tensor:
    """uint8 images H x W x 3 -> b x 3 x H x W, levels 0..255."""
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float()


class Attacker:
    """A network, the moving average of its weights, and its optimizer.

    Attributes:
        target: name of the target whose pictures it is trained on.
        step: training steps taken.
        minutes: of two cores, spent so far.
    """

    def __init__(self, target: str, network: Restorer) -> None:
        self.target, self.network = target, network
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = AveragedModel(network, avg_fn=_moving_average)
        self.optimizer = torch.optim.Adam(network.parameters(), lr=RATE, betas=(0.9, 0.99))
        self.step, self.minutes = 0, 0.0

    def fork(self, target: str) -> Attacker:
        """A copy to be trained on another target."""
        other = Attacker(target, copy.deepcopy(self.network))
        other.load(copy.deepcopy(self.state()))
        return other

    def train_step(self, samples: Sequence[Sample]) -> None:
        """One step: L1 plus four times the squared error; skipped if gradients are not finite."""
        wanted = tensor([s.x for s in samples])
        for group in self.optimizer.param_groups:
            group["lr"] = RATE * min(1, (self.step + 1) / 50) / math.sqrt(1 + self.step / 3000)
        with torch.autocast("cpu", torch.bfloat16):
            restored = self.network(*inputs(samples, self.target))
        error = (restored - wanted) / 127.5
        loss = error.abs().mean() + 4 * error.square().mean()
        self.optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        if torch.isfinite(norm):
            self.optimizer.step()
        self.step += 1
        self.average.update_parameters(self.network)

    def add_time(self, seconds: float) -> None:
        """Count processor time."""
        self.minutes += seconds / (60 * CORES)

    def restore(self, picture: Pixels, decoded: Pixels | None) -> Pixels:
        """The averaged network's restoration of one region."""
        sample = Sample(picture, "", {"": picture}, {"": decoded})
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            restored = self.average(*inputs([sample], ""))[0]
        levels = restored.float().clamp(0, 255).round().permute(1, 2, 0)
        return np.asarray(levels.numpy().astype(np.uint8))

    def state(self) -> dict[str, Any]:
        """The checkpoint that `load` takes."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "minutes": self.minutes,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Resume from a checkpoint of `state`."""
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.minutes = state["step"], state["minutes"]


def _moving_average(average: Tensor, current: Tensor, updates: Tensor | int) -> Tensor:
    """Exponential moving average, shorter at the beginning."""
    decay = min(0.997, (1 + int(updates)) / (10 + int(updates)))
    return average.lerp(current, 1 - decay)


def inputs(samples: Sequence[Sample], target: str) -> tuple[Tensor, Tensor, Tensor]:
    """The inputs of `Restorer.forward` for one target's pictures."""
    pictures = [s.pictures[target] for s in samples]
    decoded = [s.decoded[target] for s in samples]
    planes = [input_planes(p, d) for p, d in zip(pictures, decoded, strict=True)]
    return (
        tensor(pictures),
        tensor([p if d is None else d for p, d in zip(pictures, decoded, strict=True)]),
        torch.from_numpy(np.stack(planes)).permute(0, 3, 1, 2),
    )
