"""The precision of networks that run in torch."""

from __future__ import annotations

import torch


def precision_on(device: torch.device, wanted: str) -> str:
    """The precision to compute in: "bf16" only where the processor computes in it.

    Where it must be emulated, as on x86 without AVX512-BF16 or AMX, a step of the keyed flow takes
    three times as long as in "fp32".
    """
    if wanted == "bf16" and device.type == "cpu":
        known = torch.cpu.get_capabilities()
        if not any(known.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16")):
            return "fp32"
    return wanted


def mixed_precision(device: torch.device, wanted: str) -> torch.autocast:
    """The context of a network's forward pass; see `precision_on`."""
    enabled = precision_on(device, wanted) == "bf16"
    return torch.autocast(device.type, torch.bfloat16, enabled)
