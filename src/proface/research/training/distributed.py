"""Distributed training: the process group that `torchrun` describes."""

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
    """The process group, and this process in it.

    Attributes:
        rank: of this process; 0 writes checkpoints and logs.
        size: number of processes.
        device: of this process.
    """

    rank: int
    size: int
    device: torch.device

    @property
    def is_main(self) -> bool:
        """Whether this process writes checkpoints and logs."""
        return self.rank == 0

    def wait(self) -> None:
        """Barrier: wait for all processes."""
        if self.size > 1:
            dist.barrier()

    def all_agree(self, good: bool) -> bool:
        """Whether `good` is true on every process."""
        if self.size == 1:
            return good
        flag = torch.tensor([float(good)], device=self.device)
        dist.all_reduce(flag, dist.ReduceOp.MIN)
        return bool(flag.item())


@contextmanager
def process_group(device: str) -> Iterator[World]:
    """Join the process group if started by torchrun: gloo on CPUs, nccl on GPUs.

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
        there = f"{torch.cuda.device_count()} GPUs are available"
        raise UsageError(f"--device {name}: {there}. Give cpu, or fewer processes.")
    return torch.device("cuda", index)
