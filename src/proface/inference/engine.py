"""Inference engines that run a model's network, chosen by the user with option `device`.

    cpu            ONNX Runtime, the repair network in 8-bit integers. The default.
    cpu-float32    ONNX Runtime, float32
    openvino       OpenVINO, float32: faster on most CPUs
    openvino-bf16  OpenVINO, the repair network in bfloat16; for CPUs that support it
    cuda, rocm, directml   ONNX Runtime on a GPU, float32

A padded flow needs an engine for recovery only, as protection is integer arithmetic: its files are
identical on every engine, and every engine recovers them to within one level in float32, and to
within a tenth of a decibel in a lower precision. A keyed
flow's networks run in both directions, in float32 on every engine, as bfloat16 is too coarse for
pixels: files may differ by one level, and every engine recovers every file. There is no fallback
from a missing engine to another.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from proface.errors import MissingExtraError, UsageError

Floats = npt.NDArray[np.float32]

# Device -> its module, with `make(network, device)` and `require(device)`. Imported on first use:
# each takes longer to import than `proface --help` may.
ENGINES = {
    "cpu": "onnxruntime_engine",
    "cpu-float32": "onnxruntime_engine",
    "openvino": "openvino_engine",
    "openvino-bf16": "openvino_engine",
    "cuda": "onnxruntime_engine",
    "rocm": "onnxruntime_engine",
    "directml": "onnxruntime_engine",
}
DEVICES = tuple(ENGINES)
DEFAULT_DEVICE = "cpu"


class Engine(Protocol):
    """A loaded network. Thread-safe."""

    def run(self, inputs: Mapping[str, Floats]) -> Floats:
        """The network's inputs by name -> its first output."""


def make_engine(network: bytes, device: str = DEFAULT_DEVICE) -> Engine:
    """Load a network on a device.

    Args:
        network: an ONNX file's bytes, as `proface.research.networks.export` writes them.
        device: one of `DEVICES`.

    Raises:
        UsageError, MissingExtraError: as `check_device`.
    """
    check_device(device)
    engine: Engine = _module(device).make(network, device)
    return engine


def check_device(device: str) -> None:
    """Check that a device is available.

    Raises:
        UsageError: there is no device of this name.
        MissingExtraError: it is not installed, or not on this machine.
    """
    if device not in DEVICES:
        raise UsageError(f"option `device` {device}: choose one of {', '.join(DEVICES)}.")
    _module(device).require(device)


def available_devices() -> list[str]:
    """The devices whose software is installed, the default first; a GPU may still be missing."""
    found = []
    for device in DEVICES:
        with contextlib.suppress(MissingExtraError):
            check_device(device)
            found.append(device)
    return found


def _module(device: str) -> Any:
    return import_module(f"proface.inference.{ENGINES[device]}")
