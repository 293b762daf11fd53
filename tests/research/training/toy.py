"""A task of four weights, for what the loop does whatever it trains."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn

from proface.research.training.distributed import process_group
from proface.research.training.loop import Loop
from proface.research.training.settings import Settings, gather


class Objective(nn.Module):
    def __init__(self, bad: Callable[[int, float], bool]) -> None:
        super().__init__()
        self.network, self.bad = nn.Linear(4, 1, bias=False), bad
        nn.init.ones_(self.network.weight)
        self.rate = 1.0

    def forward(self, batch: Tensor, step: int, seed: int) -> dict[str, Tensor]:
        loss: Tensor = self.network(batch).square().mean()
        return {"square": loss * torch.nan if self.bad(step, seed) else loss}


class Toy:
    """Learns to give zero; `bad` says of a step and its seed whether its loss is not a number."""

    def __init__(self, bad: Callable[[int, float], bool] = lambda step, seed: False) -> None:
        self.objective = Objective(bad)
        self.network = self.objective.network
        self.shift = 0

    def batches(self, step: int) -> Generator[Tensor, None, None]:
        while True:
            yield torch.randn(8, 4, generator=torch.Generator().manual_seed(step + self.shift))
            step += 1

    def validate(self, network: nn.Module) -> dict[str, float]:
        weight = next(network.parameters())
        return {"score": -float(weight.detach().abs().sum())}

    def samples(self, network: nn.Module) -> Image.Image:
        return Image.new("RGB", (4, 4))


def settings(out: Path, **changes: object) -> Settings:
    out.mkdir(parents=True, exist_ok=True)
    given = {"data": (out,), "out": out, "steps": 20, "save": 5, "rate": 0.05, "average": 0.0}
    return gather({**given, "tensorboard": False, "warmup": 0, **changes})


def main(arguments: Iterable[str]) -> None:
    """One of several processes: trains on other batches than its neighbour, and says its weights.

    Used with torchrun.
    """
    out, bad_rank = arguments
    with process_group("cpu") as world:
        task = Toy(lambda step, seed: step == 3 and world.rank == int(bad_rank))
        task.shift = 1000 * world.rank
        progress = Loop(task, settings(Path(out)), world, lambda text: None).run()
        weights = next(task.network.parameters()).flatten().tolist()
        (Path(out) / f"rank{world.rank}").write_text(f"{world.size} {progress.step} {weights}")


if __name__ == "__main__":
    main(sys.argv[1:])
