"""Speed for one face: a model on each inference engine, and the published flow in torch.

Measurements are interleaved, so that other load on the machine affects all of them alike. Our
models are timed from uint8 pixels to uint8 pixels; of the published flow only the network.
"""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import numpy as np

from proface.looks import obfuscate
from proface.models.store import load_flow
from proface.types import Pixels

Call = Callable[[], object]
Pair = tuple[Call, Call]  # protect, recover

PUBLISHED = "published flow, torch float32"
PAUSE = 0.01  # seconds before a call, for threads of the previous one to finish


@dataclass(frozen=True)
class FaceTimes:
    """Times of one engine, milliseconds, and speed-up over the published flow.

    The speed-ups are None without torch.
    """

    name: str
    protect: float
    recover: float
    protect_ratio: float | None = None
    recover_ratio: float | None = None

    def to_json(self) -> dict[str, Any]:
        """As `proface bench --json` prints it."""
        return _rounded(asdict(self))


@dataclass(frozen=True)
class SizeTimes:
    """Times for a region of `side` x `side` pixels: milliseconds, and milliseconds/megapixel."""

    side: int
    protect: float
    recover: float
    protect_per_megapixel: float
    recover_per_megapixel: float

    def to_json(self) -> dict[str, Any]:
        """As `proface bench --json` prints it."""
        return _rounded(asdict(self))


def face_times(model: str, devices: Sequence[str], side: int, rounds: int) -> list[FaceTimes]:
    """Time a face of `side` x `side` pixels (even) on each device, and in the published flow.

    Medians of `rounds` calls. The published flow comes last, if torch is installed.
    """
    calls = {f"{model} flow, {device}": flow_calls(model, device, side) for device in devices}
    if importlib.util.find_spec("torch"):
        calls[PUBLISHED] = published_calls(side)
    times = _interleaved(calls, rounds)
    if PUBLISHED not in times:
        return [FaceTimes(name, *pair) for name, pair in times.items()]
    protect, recover = times[PUBLISHED]
    return [FaceTimes(name, p, r, protect / p, recover / r) for name, (p, r) in times.items()]


def size_times(model: str, device: str, sides: Sequence[int], rounds: int) -> list[SizeTimes]:
    """Time regions of several sizes on one device."""
    times = _interleaved({str(side): flow_calls(model, device, side) for side in sides}, rounds)
    found = []
    for name, (protect, recover) in times.items():
        megapixels = int(name) ** 2 / 1e6
        found.append(
            SizeTimes(int(name), protect, recover, protect / megapixels, recover / megapixels)
        )
    return found


def synthetic_image(side: int) -> Pixels:
    """A fixed test image of smooth gradients with grain, uint8 side x side x 3."""
    import cv2

    generator = np.random.default_rng(0)
    shades = generator.uniform(0, 255, (6, 6, 3)).astype(np.float32)
    soft = cv2.resize(shades, (side, side), interpolation=cv2.INTER_CUBIC)
    grainy: Pixels = np.clip(soft + generator.normal(0, 4, soft.shape), 0, 255).astype(np.uint8)
    return grainy


def flow_calls(model: str, device: str, side: int) -> Pair:
    """Protect and recover with one of our models, from uint8 pixels to uint8 pixels."""
    flow = load_flow(model, device)
    x = synthetic_image(side)
    o = obfuscate(x, "pixelate")
    pad = np.random.default_rng(1).integers(0, 1 << 16, flow.words(side, side), np.uint16)
    p = flow.hide(x, o, pad)
    return lambda: flow.hide(x, o, pad), lambda: flow.reveal(p, pad)


def published_calls(side: int) -> Pair:
    """The published network's two directions in torch, on the fastest number of threads here."""
    import torch

    from proface.research.networks.keyed_flow import KeyedFlow

    flow = KeyedFlow().eval()
    original, obfuscated = torch.rand(2, 1, 3, side, side) * 2 - 1
    key = torch.sign(torch.randn(1, 1, side, side))

    def protect() -> None:
        with torch.inference_mode():
            flow(obfuscated, original, key)

    def recover() -> None:
        with torch.inference_mode():
            flow.inverse(obfuscated, key)

    def time_with(threads: int) -> float:
        torch.set_num_threads(threads)
        return min(seconds(protect) for _ in range(3))

    torch.set_num_threads(min(range(1, (os.cpu_count() or 1) + 1), key=time_with))
    return protect, recover


def _interleaved(calls: Mapping[str, Pair], rounds: int) -> dict[str, tuple[float, float]]:
    """Median milliseconds of each pair, measured in turns."""
    times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in calls}
    for turn in range(rounds + 1):
        for name, pair in calls.items():
            for call, found in zip(pair, times[name], strict=True):
                time.sleep(PAUSE)
                took = seconds(call)
                if turn:  # the first is a warm-up
                    found.append(1e3 * took)
    return {name: (median(p), median(r)) for name, (p, r) in times.items()}


def seconds(call: Call) -> float:
    """The wall time of a call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _rounded(record: dict[str, Any]) -> dict[str, Any]:
    return {k: round(v, 2) if isinstance(v, float) else v for k, v in record.items()}
