"""The engine that runs a model's network: ONNX Runtime on the processor."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


class Engine(Protocol):
    """What a flow needs of an engine."""

    def run(self, coefficients: Floats, noise: Floats, protected: Floats) -> Floats:
        """1 x 768 x h x w, 1 x 3 x h x w, 1 x 3 x 16h x 16w -> 1 x 3 x 16h x 16w, levels."""


class OnnxRuntimeEngine:
    """ONNX Runtime in float32, on as many threads as there are cores."""

    def __init__(self, network: bytes) -> None:
        import onnxruntime  # here, because it takes longer to import than `proface --help` may

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        # Tiles differ in size: planning memory for each would hold on to the largest.
        options.enable_mem_pattern = False
        options.enable_cpu_mem_arena = False
        self._session = onnxruntime.InferenceSession(
            network, options, providers=["CPUExecutionProvider"]
        )

    def run(self, coefficients: Floats, noise: Floats, protected: Floats) -> Floats:
        """See `Engine`."""
        feed = {"coefficients": coefficients, "noise": noise, "protected": protected}
        (recovered,) = self._session.run(["recovered"], feed)
        return np.asarray(recovered, np.float32)
