"""ONNX Runtime, on the CPU or on a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from proface.errors import MissingExtraError
from proface.inference.cores import core_limit
from proface.inference.engine import Floats

# Device -> execution provider, its options, and the distribution that replaces onnxruntime for it.
# TensorFloat-32 is off, as it would reduce the precision unasked.
PROVIDERS: dict[str, tuple[str, dict[str, str], str]] = {
    "cpu": ("CPUExecutionProvider", {}, "onnxruntime"),
    "cpu-float32": ("CPUExecutionProvider", {}, "onnxruntime"),
    "cuda": ("CUDAExecutionProvider", {"use_tf32": "0"}, "onnxruntime-gpu"),
    "rocm": ("MIGraphXExecutionProvider", {}, "onnxruntime-migraphx"),
    "directml": ("DmlExecutionProvider", {}, "onnxruntime-directml"),
}


def make_session(network: bytes, device: str = "cpu", threads: int = 0) -> Any:
    """An ONNX Runtime `InferenceSession`; `threads` 0: as many as `limit_cores` allows."""
    import onnxruntime

    provider, settings, _distribution = PROVIDERS[device]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or core_limit() or 0
    options.log_severity_level = 3
    # Tiles differ in size: a memory pattern for each would retain that of the largest.
    options.enable_mem_pattern = False
    # Spinning threads would take cores from a batch's other photo.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(network, options, providers=[(provider, settings)])


def releasing_memory() -> Any:
    """`RunOptions` for `InferenceSession.run` that give back what the run needed on the CPU."""
    import onnxruntime

    options = onnxruntime.RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options


class OnnxRuntimeEngine:
    """ONNX Runtime in the precision of the network's file, on all cores.

    Raises:
        MissingExtraError: ONNX Runtime does not find the device or its libraries.
    """

    def __init__(self, network: bytes, device: str = "cpu") -> None:
        provider, _settings, distribution = PROVIDERS[device]
        self._session = make_session(network, device)
        self._output = self._session.get_outputs()[0].name
        # ONNX Runtime silently drops a provider whose libraries or device it does not find.
        if self._session.get_providers()[0] != provider:
            raise MissingExtraError(
                f"option `device` {device}: ONNX Runtime did not find the device or its libraries. "
                f"Install them: pip install --force-reinstall {distribution}"
            )

    def run(self, inputs: Mapping[str, Floats]) -> Floats:
        """See `Engine`."""
        (result,) = self._session.run([self._output], dict(inputs))
        return np.asarray(result, np.float32)


def make(network: bytes, device: str) -> OnnxRuntimeEngine:
    """The engine of this device; see `engine.make_engine`."""
    return OnnxRuntimeEngine(network, device)


def require(device: str) -> None:
    """Raises MissingExtraError unless the installed ONNX Runtime supports this device."""
    import onnxruntime

    provider, _settings, distribution = PROVIDERS[device]
    if provider not in onnxruntime.get_available_providers():
        raise MissingExtraError(
            f"option `device` {device}: the installed ONNX Runtime does not support it. Install "
            f"one that does: pip uninstall onnxruntime && pip install {distribution}"
        )
