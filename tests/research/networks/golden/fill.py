"""The rule that fills a network for golden values: every entry from its own name.

Floating-point entries only: standard normal numbers seeded by the CRC-32 of the name, scaled by
what the entry is. Weights so filled, and outputs of the published network with them, are what the
.npz files beside this one hold.
"""

from __future__ import annotations

import zlib

import numpy as np
import torch
from torch import Tensor


def filled(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A state dict of the same entries, filled by the rule."""
    return {
        name: _fill(name, value) if value.is_floating_point() else value
        for name, value in state.items()
    }


def _fill(name: str, value: Tensor) -> Tensor:
    numbers = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(tuple(value.shape))
    a = np.asarray(numbers, np.float32)
    if name.endswith("running_var"):
        a = 1 + 0.1 * np.abs(a)
    elif name.endswith(("running_mean", "bias")):
        a = 0.05 * a
    elif a.ndim >= 2:
        a = a / np.sqrt(np.prod(a.shape[1:]), dtype=np.float32)
    else:
        a = 1 + 0.1 * a
    return torch.from_numpy(np.asarray(a, np.float32))
