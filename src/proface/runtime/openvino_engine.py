"""OpenVINO on the processor, in float32, or with the repair network in bfloat16.

bfloat16 has eight bits of precision: good for what the repair network adds, a level or two, but not
for the picture that it is added to. So a model is cut before and behind that network:

    inputs --float32--> features --bfloat16--> repair --float32, with the inputs--> recovered

A model without a repair network has nothing that bfloat16 would be good enough for.
"""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from proface.errors import MissingExtraError
from proface.runtime.engine import Floats


class OpenVinoEngine:
    """OpenVINO, on as many threads as there are cores."""

    def __init__(self, network: bytes, *, bfloat16: bool = False) -> None:
        core = _openvino().Core()
        # One stream: a call uses all cores, since a region is recovered in one call.
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
        for output, cut, precision in stages:
            part = _part(core.read_model(io.BytesIO(network)), output, cut)
            settings["INFERENCE_PRECISION_HINT"] = precision
            request = core.compile_model(part, "CPU", settings).create_infer_request()
            self._requests.append((output, request))
        self._lock = threading.Lock()  # a request serves one call at a time

    def run(self, inputs: Mapping[str, Floats]) -> Floats:
        """See `Engine`."""
        values = dict(inputs)
        with self._lock:
            for output, request in self._requests:
                feed = {port.any_name: values[port.any_name] for port in request.model_inputs}
                values[output] = next(iter(request.infer(feed).values()))
        return np.asarray(values[self._result], np.float32)


def require(device: str) -> None:
    """Check that OpenVINO is installed, and that this processor computes in what the device names.

    Raises:
        MissingExtraError: it is not, or does not.
    """
    core = _openvino().Core()
    capabilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if device.endswith("bf16") and "BF16" not in capabilities:
        raise MissingExtraError(
            f"--device {device}: this processor does not compute in bfloat16, and nothing that "
            "could be installed changes that. Use --device openvino."
        )


def _openvino() -> Any:
    """The package.

    Imported as it comes, it reports its import over the network, unasked, through a package of its
    own. Nobody who hides faces has agreed to that: where that package cannot be imported, OpenVINO
    does without it.

    Raises:
        MissingExtraError: it is not installed.
    """
    reporting = "openvino_telemetry"
    block = reporting not in sys.modules
    if block:
        sys.modules[reporting] = None  # type: ignore[assignment]  # documented: halts the import
    try:
        import openvino
    except ImportError:
        raise MissingExtraError(
            "--device openvino: OpenVINO is not installed: pip install 'proface[openvino]'"
        ) from None
    finally:
        if block:
            del sys.modules[reporting]
    return openvino


def _part(model: Any, output: str, cut: str | None) -> Any:
    """The part of a model that leads to one of its outputs, from its inputs and from `cut`.

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
