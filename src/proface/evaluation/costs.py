"""What a model costs: parameters, multiply-adds and time of one face of 256 x 256 (needs torch)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

from proface.evaluation.speed import drawn
from proface.evaluation.subjects import SIDE
from proface.keys import keystream
from proface.obfuscators import obfuscate
from proface.runtime import Flow

ROUNDS = 5


def costs(flow: Flow) -> dict[str, Any]:
    """Figures of one model.

    Returns:
        "parameters": weights of its networks. "protect_madds", "recover_madds": multiply-adds of
        their convolutions, both sides of a published flow, the recovering side of a padded one,
        whose protecting side is no network. "protect_ms", "recover_ms": from pixels to pixels, the
        median of some rounds on the device in use.
    """
    x = drawn(SIDE)
    o = obfuscate(x, "blur:15")
    pad = keystream(os.urandom(32), flow.words(SIDE, SIDE))
    p = flow.hide(x, o, pad)
    return _size(flow) | {
        "protect_ms": round(_milliseconds(lambda: flow.hide(x, o, pad)), 2),
        "recover_ms": round(_milliseconds(lambda: flow.reveal(p, pad)), 2),
    }


def _milliseconds(call: Callable[[], object]) -> float:
    call()
    times = []
    for _round in range(ROUNDS):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return 1000 * median(times)


def _size(flow: Flow) -> dict[str, Any]:
    """Of the network in torch, run once on an image of the size in question."""
    import torch
    from safetensors.torch import load

    from proface.flows import KeyedFlow
    from proface.flows.padded import PaddedFlow
    from proface.latents import CELL, COEFFICIENTS

    state = load(flow.card.read("weights"))
    calls: dict[str, Callable[[], object]] = {}
    network: torch.nn.Module
    weights: torch.nn.Module
    if "colour" in state:
        network = padded = PaddedFlow.from_state_dict(state)
        cells = SIDE // CELL
        inputs = [torch.zeros(1, n, cells, cells) for n in (COEFFICIENTS, 3)]
        calls["recover"] = lambda: padded(*inputs, torch.zeros(1, 3, SIDE, SIDE))
        weights = padded.network
    else:
        network = weights = keyed = KeyedFlow()
        image, key = torch.zeros(1, 3, SIDE, SIDE), torch.ones(1, 1, SIDE, SIDE)
        calls["protect"] = lambda: keyed(image, image, key)
        calls["recover"] = lambda: keyed.inverse(image, key)
    found: dict[str, Any] = {"parameters": sum(w.numel() for w in weights.parameters())}
    for side in ("protect", "recover"):
        found[f"{side}_madds"] = _multiply_adds(network, calls[side]) if side in calls else 0
    return found


def _multiply_adds(network: Any, call: Callable[[], object]) -> int:
    import torch

    total = 0

    def count(module: Any, _inputs: object, output: torch.Tensor) -> None:
        nonlocal total
        total += output.numel() * int(np.prod(module.weight.shape[1:]))

    convolutions = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    hooks = [module.register_forward_hook(count) for module in convolutions]
    try:
        with torch.inference_mode():
            call()
    finally:
        for hook in hooks:
            hook.remove()
    return total
