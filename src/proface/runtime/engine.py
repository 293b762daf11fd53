"""Engines: what runs a model's network. One interface; which one runs is the user's choice.

    cpu            ONNX Runtime, float32. The default.
    openvino       OpenVINO, float32: faster on most processors
    openvino-bf16  OpenVINO, the repair network in bfloat16; for processors that compute in it
    cuda, rocm, directml   ONNX Runtime on a graphics processor, float32

Of a padded flow only recovery asks an engine for anything: what protects is integers. So a file
made on one engine is the same file as on any other, and every engine recovers it, to within a
rounded level in float32. A keyed flow's networks work in both directions, in float32 on every
engine, as bfloat16 is too coarse for a picture: files differ by a rounded level here and there,
and every engine recovers every file. No engine stands in for another one that is missing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

from proface.errors import MissingExtraError, UsageError

Floats = npt.NDArray[np.float32]

DEVICES = ("cpu", "openvino", "openvino-bf16", "cuda", "rocm", "directml")
DEFAULT_DEVICE = "cpu"


class Engine(Protocol):
    """What a flow needs of an engine. It may be called by several threads at a time."""

    def run(self, inputs: Mapping[str, Floats]) -> Floats:
        """The network's inputs by name -> its first output."""


def make_engine(network: bytes, device: str = DEFAULT_DEVICE) -> Engine:
    """The engine of this name, with the network loaded.

    Args:
        network: an ONNX file's bytes, as `proface.flows.export` writes them.
        device: one of `DEVICES`.

    Raises:
        UsageError: there is no device of this name.
        MissingExtraError: it is not installed, or not on this machine.
    """
    check_device(device)
    if device.startswith("openvino"):
        from proface.runtime.openvino_engine import OpenVinoEngine

        return OpenVinoEngine(network, bfloat16=device.endswith("bf16"))
    from proface.runtime.onnx_engine import OnnxRuntimeEngine

    return OnnxRuntimeEngine(network, device)


def check_device(device: str) -> None:
    """Find out that a device is missing before any work is done.

    Raises:
        UsageError: there is no device of this name.
        MissingExtraError: it is not installed, or this processor does not have it.
    """
    if device not in DEVICES:
        raise UsageError(f"--device {device}: choose one of {', '.join(DEVICES)}.")
    # Imported here: each takes longer to import than `proface --help` may.
    if device.startswith("openvino"):
        from proface.runtime.openvino_engine import require
    else:
        from proface.runtime.onnx_engine import require
    require(device)


def available_devices() -> list[str]:
    """The devices that are installed, the default one first. A GPU may still be missing."""
    found = []
    for device in DEVICES:
        with contextlib.suppress(MissingExtraError):
            check_device(device)
            found.append(device)
    return found
