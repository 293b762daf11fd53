"""Attackers that are compared: copies of one network, each on the pictures of one victim.

Every copy takes the same steps on the same faces. Its weights are averaged and its learning rate
decays slowly, so that any moment is a fair one to judge it. Time is told in minutes of two cores:
processor time divided by 120 seconds, of its steps and of the making of its pictures.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from proface.attacks.restorer import Restorer, seen
from proface.attacks.samples import Sample

Pixels = npt.NDArray[np.uint8]

RATE = 1e-3
CORES = 2  # whose minutes are told


def tensor(images: Sequence[Pixels]) -> Tensor:
    """uint8 images -> b x 3 x H x W, levels."""
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float()


class Arm:
    """One copy of the network, on the pictures of one victim."""

    def __init__(self, victim: str, network: Restorer) -> None:
        self.victim, self.network = victim, network
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(network)
        self.optimizer = torch.optim.Adam(network.parameters(), lr=RATE, betas=(0.9, 0.99))
        self.step, self.minutes = 0, 0.0

    def fork(self, victim: str) -> Arm:
        """A copy that goes on with another victim."""
        other = Arm(victim, copy.deepcopy(self.network))
        other.average.load_state_dict(self.average.state_dict())
        other.optimizer.load_state_dict(copy.deepcopy(self.optimizer.state_dict()))
        other.step, other.minutes = self.step, self.minutes
        return other

    def learn(self, samples: Sequence[Sample]) -> None:
        """One step."""
        target = tensor([s.x for s in samples])
        for group in self.optimizer.param_groups:
            group["lr"] = RATE * min(1, (self.step + 1) / 50) / math.sqrt(1 + self.step / 3000)
        with torch.autocast("cpu", torch.bfloat16):
            found = self.network(*inputs(samples, self.victim))
        error = (found - target) / 127.5
        loss = error.abs().mean() + 4 * error.square().mean()
        self.optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        if torch.isfinite(norm):
            self.optimizer.step()
        self.step += 1
        decay = min(0.997, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            own = self.network.state_dict()
            for name, kept in self.average.state_dict().items():
                kept.lerp_(own[name], 1 - decay)

    def spend(self, seconds: float) -> None:
        """Put processor time on its account."""
        self.minutes += seconds / (60 * CORES)

    def restore(self, picture: Pixels, opened: Pixels | None) -> Pixels:
        """What the averaged network makes of one whole region."""
        sample = Sample(picture, "", {"": picture}, {"": opened})
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            found = self.average(*inputs([sample], ""))[0]
        levels = found.float().clamp(0, 255).round().permute(1, 2, 0)
        return np.asarray(levels.numpy().astype(np.uint8))

    def state(self) -> dict[str, Any]:
        """All that `load` needs."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "minutes": self.minutes,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.minutes = state["step"], state["minutes"]


def inputs(samples: Sequence[Sample], victim: str) -> tuple[Tensor, Tensor, Tensor]:
    """What the network is given of a victim's pictures."""
    planes = [seen(s.shown[victim], s.opened[victim]) for s in samples]
    opened = [s.shown[victim] if (o := s.opened[victim]) is None else o for s in samples]
    return (
        tensor([s.shown[victim] for s in samples]),
        tensor(opened),
        torch.from_numpy(np.stack(planes)).permute(0, 3, 1, 2),
    )
