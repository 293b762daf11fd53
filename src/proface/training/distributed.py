"""One process or several: what `torchrun` tells, and the group that the processes form."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist

from proface.errors import UsageError


@dataclass(frozen=True)
class World:
    """This process among those of the run.

    Attributes:
        rank: its number; 0 keeps checkpoints and logs.
        size: how many there are.
        device: what it computes on.
    """

    rank: int
    size: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether it is the one that writes."""
        return self.rank == 0

    def wait(self) -> None:
        """Until all have come here."""
        if self.size > 1:
            dist.barrier()

    def all_agree(self, good: bool) -> bool:
        """Whether it is so on every process."""
        if self.size == 1:
            return good
        flag = torch.tensor([float(good)], device=self.device)
        dist.all_reduce(flag, dist.ReduceOp.MIN)
        return bool(flag.item())


@contextmanager
def joined(device: str) -> Iterator[World]:
    """This process's place. Started by torchrun it joins the others: gloo on CPUs, nccl on GPUs.

    Args:
        device: "auto", "cpu", "cuda", or one GPU such as "cuda:1".

    Raises:
        UsageError: no such device.
    """
    size, rank = (
        int(os.environ.get(name, least)) for name, least in (("WORLD_SIZE", 1), ("RANK", 0))
    )
    chosen = _device(device, int(os.environ.get("LOCAL_RANK", 0)) if size > 1 else None)
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    if size > 1:
        dist.init_process_group("nccl" if chosen.type == "cuda" else "gloo")
    try:
        yield World(rank, size, chosen)
    finally:
        if size > 1:
            dist.destroy_process_group()


def _device(name: str, local: int | None) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"--device {name}: give auto, cpu, cuda or cuda:N.") from None
    if device.type not in ("cpu", "cuda"):
        raise UsageError(f"--device {name}: give auto, cpu, cuda or cuda:N.")
    if device.type == "cpu":
        return device
    index = (device.index or 0) if local is None else local
    if index >= torch.cuda.device_count():
        there = f"{torch.cuda.device_count()} GPUs are there"
        raise UsageError(f"--device {name}: {there}. Give cpu, or fewer processes.")
    return torch.device("cuda", index)
