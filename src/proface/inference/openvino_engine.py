"""OpenVINO on the CPU, in float32, or with the repair network in bfloat16.

bfloat16 has eight bits of precision: enough for the residual of the repair network, a level or two,
but not for the picture that it is added to. So a model is split before and after that network:

    inputs --float32--> features --bfloat16--> repair --float32, with the inputs--> recovered

A model without a repair network runs entirely in float32.
"""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from proface.errors import MissingExtraError
from proface.inference.cores import core_limit
from proface.inference.engine import Floats


class OpenVinoEngine:
    """OpenVINO, on all cores."""

    def __init__(self, network: bytes, *, bfloat16: bool = False) -> None:
        core = _openvino().Core()
        # One stream, so that a single call uses all cores.
        settings = {"NUM_STREAMS": "1"}
        outputs = [port.any_name for port in core.read_model(io.BytesIO(network)).outputs]
        self._result = outputs[0]
        stages: list[tuple[str, str | None, str]] = [(self._result, None, "f32")]
        if bfloat16 and "repair" in outputs:
            stages = [
                ("features", None, "f32"),
                ("repair", "features", "bf16"),
                (self._result, "repair", "f32"),
            ]
        self._requests: list[tuple[str, Any]] = []
        if limit := core_limit():
            settings["INFERENCE_NUM_THREADS"] = str(limit)
        for output, cut, precision in stages:
            part = _submodel(core.read_model(io.BytesIO(network)), output, cut)
            settings["INFERENCE_PRECISION_HINT"] = precision
            request = core.compile_model(part, "CPU", settings).create_infer_request()
            self._requests.append((output, request))
        self._lock = threading.Lock()  # a request is not thread-safe

    def run(self, inputs: Mapping[str, Floats]) -> Floats:
        """See `Engine`."""
        values = dict(inputs)
        with self._lock:
            for output, request in self._requests:
                feed = {port.any_name: values[port.any_name] for port in request.model_inputs}
                values[output] = next(iter(request.infer(feed).values()))
        return np.asarray(values[self._result], np.float32)


def make(network: bytes, device: str) -> OpenVinoEngine:
    """The engine of this device; see `engine.make_engine`."""
    return OpenVinoEngine(network, bfloat16=device.endswith("bf16"))


def require(device: str) -> None:
    """Check that OpenVINO is installed, and that the CPU supports the device's precision.

    Raises:
        MissingExtraError: otherwise.
    """
    core = _openvino().Core()
    capabilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if device.endswith("bf16") and "BF16" not in capabilities:
        raise MissingExtraError(
            f"option `device` {device}: this CPU does not support bfloat16. "
            "Use option `device` openvino."
        )


def _openvino() -> Any:
    """Import OpenVINO without telemetry.

    By default it reports its import over the network through the package openvino_telemetry, to
    which the user has not agreed; it works without that package.

    Raises:
        MissingExtraError: it is not installed.
    """
    telemetry = "openvino_telemetry"
    block = telemetry not in sys.modules
    if block:
        # Documented: None makes the import raise ModuleNotFoundError.
        sys.modules[telemetry] = None  # type: ignore[assignment]
    try:
        import openvino
    except ImportError:
        raise MissingExtraError(
            "option `device` openvino: OpenVINO is not installed: pip install 'proface[openvino]'"
        ) from None
    finally:
        if block:
            del sys.modules[telemetry]
    return openvino


def _submodel(model: Any, output: str, cut: str | None) -> Any:
    """The part of a model that computes one of its outputs from its inputs and from `cut`.

    `cut` names another output, which becomes an input.
    """
    from openvino import Model, opset13

    entries = []
    if cut is not None:
        inner = model.output(cut).get_node().input_value(0)
        entry = opset13.parameter(inner.get_partial_shape(), np.float32, name=cut)
        entry.output(0).set_names({cut})
        for reader in inner.get_target_inputs():
            reader.replace_source_output(entry.output(0))
        entries.append(entry)
    result = model.output(output).get_node()
    reached, ahead = set(), [result]
    while ahead:
        node = ahead.pop()
        if node.get_name() not in reached:
            reached.add(node.get_name())
            ahead += [value.get_node() for value in node.input_values()]
    entries += [p for p in model.get_parameters() if p.get_name() in reached]
    return Model([result], entries, output)
