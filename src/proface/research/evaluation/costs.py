"""A model's cost: parameters, multiply-adds and time for a face of 256 x 256 (needs torch)."""

from __future__ import annotations

import os
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

from proface.keys import keystream
from proface.looks import obfuscate
from proface.models.flow import Flow
from proface.research.evaluation.crops import SIDE
from proface.research.evaluation.speed import seconds, synthetic_image

ROUNDS = 5


def costs(flow: Flow) -> dict[str, Any]:
    """The cost of one model.

    Returns:
        "parameters": weights of its networks. "protect_madds", "recover_madds": multiply-adds of
        their convolutions; 0 for protecting with a padded or robust flow, which runs no network.
        "protect_ms", "recover_ms": milliseconds from pixels to pixels, the median of ROUNDS on the
        device in use.
    """
    x = synthetic_image(SIDE)
    o = obfuscate(x, "blur:15")
    pad = keystream(os.urandom(32), flow.words(SIDE, SIDE))
    p = flow.hide(x, o, pad)
    return _size(flow) | {
        "protect_ms": round(_milliseconds(lambda: flow.hide(x, o, pad)), 2),
        "recover_ms": round(_milliseconds(lambda: flow.reveal(p, pad)), 2),
    }


def _milliseconds(call: Callable[[], object]) -> float:
    call()
    return 1000 * median(seconds(call) for _round in range(ROUNDS))


def _size(flow: Flow) -> dict[str, Any]:
    """Parameters and multiply-adds, counted in torch on one image of SIDE x SIDE."""
    import torch
    from safetensors.torch import load

    from proface.codec.face_repair import CONTEXT
    from proface.codec.transform import CELL, COEFFICIENTS
    from proface.research.networks.face_repair import FaceRepairNetwork
    from proface.research.networks.keyed_flow import KeyedFlow
    from proface.research.networks.padded_flow import PaddedFlow

    state = load(flow.card.read("weights"))
    calls: dict[str, Callable[[], object]] = {}
    network: torch.nn.Module
    weights: torch.nn.Module
    image = torch.zeros(1, 3, SIDE, SIDE)
    if flow.kind == "padded":
        network = padded = PaddedFlow.from_state_dict(state)
        cells = SIDE // CELL
        inputs = [torch.zeros(1, n, cells, cells) for n in (COEFFICIENTS, 3)]
        calls["recover"] = lambda: padded(*inputs, image)
        weights = padded.network
    elif flow.kind == "robust":
        network = weights = repair = FaceRepairNetwork.from_state_dict(state)
        calls["recover"] = lambda: repair(image, torch.zeros(1, CONTEXT, 1, 1))
    else:
        network = weights = keyed = KeyedFlow()
        key = torch.ones(1, 1, SIDE, SIDE)
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
