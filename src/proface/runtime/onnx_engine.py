"""ONNX Runtime, on the processor or on a graphics processor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from proface.errors import MissingExtraError
from proface.runtime.engine import Floats

# Device -> provider, its options, and the distribution that brings it in place of onnxruntime.
# TensorFloat-32 would be a lower precision that nobody chose.
PROVIDERS: dict[str, tuple[str, dict[str, str], str]] = {
    "cpu": ("CPUExecutionProvider", {}, "onnxruntime"),
    "cuda": ("CUDAExecutionProvider", {"use_tf32": "0"}, "onnxruntime-gpu"),
    "rocm": ("MIGraphXExecutionProvider", {}, "onnxruntime-migraphx"),
    "directml": ("DmlExecutionProvider", {}, "onnxruntime-directml"),
}


class OnnxRuntimeEngine:
    """ONNX Runtime in float32, on as many threads as there are cores.

    Raises:
        MissingExtraError: ONNX Runtime finds no such processor, or not the libraries for it.
    """

    def __init__(self, network: bytes, device: str = "cpu") -> None:
        import onnxruntime

        provider, settings, distribution = PROVIDERS[device]
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        # Tiles differ in size: planning memory for each would hold on to the largest.
        options.enable_mem_pattern = False
        # Threads that wait in a loop for the next layer take the cores from a batch's other photo.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session: Any = onnxruntime.InferenceSession(
            network, options, providers=[(provider, settings)]
        )
        self._output = self._session.get_outputs()[0].name
        # ONNX Runtime goes on without a provider whose libraries or processor it does not find.
        if self._session.get_providers()[0] != provider:
            raise MissingExtraError(
                f"--device {device}: ONNX Runtime found no such processor, or not its libraries. "
                f"Install them: pip install --force-reinstall {distribution}"
            )

    def run(self, inputs: Mapping[str, Floats]) -> Floats:
        """See `Engine`."""
        (result,) = self._session.run([self._output], dict(inputs))
        return np.asarray(result, np.float32)


def require(device: str) -> None:
    """Check that the installed ONNX Runtime was built for this device.

    Raises:
        MissingExtraError: it was not.
    """
    import onnxruntime

    provider, _settings, distribution = PROVIDERS[device]
    if provider not in onnxruntime.get_available_providers():
        raise MissingExtraError(
            f"--device {device}: the installed ONNX Runtime does not offer it. Install one that "
            f"does: pip uninstall onnxruntime && pip install {distribution}"
        )
