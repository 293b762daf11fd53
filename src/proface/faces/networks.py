"""Loads a block-quantised ONNX network so that every version of ONNX Runtime can run it.

OpenCV Zoo's int8 builds carry a block size on tensors that are quantised as a whole, and SFace
lists left-over weights among its inputs; ONNX Runtime refuses both. So the weights are turned back
to float32 here (they are stored small, but are computed with as floats anyway), and inputs that
are not images are dropped. The file on disk stays as it is.
"""

from __future__ import annotations

import os
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from proface.errors import ModelError
from proface.faces.model_files import model_file

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

MAX_THREADS = 4


_loading = threading.Lock()  # of two threads that want a network, one loads it


def network(name: str) -> InferenceSession:
    """An ONNX Runtime session for the network `name` ("yunet" or "sface").

    The model file is looked up when first asked for, then the session is kept. YuNet takes
    1 x 3 x H x W with any H and W that are multiples of 32; SFace takes 1 x 3 x 112 x 112.

    Raises:
        ModelError: the file is missing, altered, or no network that can be run.
    """
    with _loading:
        return _load(name)


@lru_cache(maxsize=8)
def _load(name: str) -> InferenceSession:
    import onnxruntime

    path = model_file(name)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = min(os.cpu_count() or 1, MAX_THREADS)
    options.log_severity_level = 3
    # Tiles differ in size; a pattern kept for each of them would hold on to memory.
    options.enable_mem_pattern = False
    # Threads that wait in a loop for the next layer take the cores from a batch's other photo.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        data = runnable(path.read_bytes(), free_size=name == "yunet")
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # whatever a foreign file makes the parsers raise
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f"{path}: not a {name} network that can be run ({reason})") from error


def runnable(data: bytes, *, free_size: bool = False) -> bytes:
    """The same ONNX network with float32 weights and with image inputs only.

    `free_size` makes height and width symbolic, for a fully convolutional network.
    """
    from proface.onnx_format import read_model

    model = read_model(data)
    _unpack_weights(model)
    graph = model.graph
    constants = {tensor.name for tensor in graph.initializer}
    used = {name for node in graph.node for name in node.input}
    for entry in list(graph.input):
        rank = len(entry.type.tensor_type.shape.dim)
        if entry.name in constants or (entry.name not in used) or rank != 4:
            graph.input.remove(entry)
    if free_size:
        _, _, height, width = graph.input[0].type.tensor_type.shape.dim
        height.dim_param, width.dim_param = "height", "width"
        for output in graph.output:
            output.type.tensor_type.ClearField("shape")
    del graph.value_info[:]
    return bytes(model.SerializeToString())


def _unpack_weights(model: Any) -> None:
    """Computes every constant DequantizeLinear, and Reshape of one, once and for all."""
    from proface.onnx_format import from_array, to_array

    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    values: dict[str, np.ndarray[Any, Any]] = {}
    rest: list[Any] = []

    def value(name: str) -> np.ndarray[Any, Any]:
        return values[name] if name in values else to_array(constants[name])

    for node in graph.node:
        fixed = all(name in values or name in constants for name in node.input if name)
        if fixed and node.op_type == "DequantizeLinear":
            values[node.output[0]] = dequantise(
                *(value(name) for name in node.input if name),
                **{a.name: a.i for a in node.attribute if a.name in ("axis", "block_size")},
            )
        elif fixed and node.op_type == "Reshape" and node.input[0] in values:
            values[node.output[0]] = value(node.input[0]).reshape(value(node.input[1]))
        else:
            rest.append(node)

    del graph.node[:]
    graph.node.extend(rest)
    used = {name for node in rest for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    kept += [from_array(v, name) for name, v in values.items() if name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def dequantise(
    quantised: np.ndarray[Any, Any],
    scale: np.ndarray[Any, Any],
    zero: np.ndarray[Any, Any] | None = None,
    *,
    axis: int = 1,
    block_size: int = 0,
) -> np.ndarray[Any, Any]:
    """ONNX's DequantizeLinear in numpy: per tensor, per channel, or in blocks along `axis`."""

    def spread(factor: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        if factor.size == 1:
            return factor.reshape(())
        if factor.ndim == quantised.ndim and block_size:
            blocks = np.repeat(factor, block_size, axis)
            return blocks.take(np.arange(quantised.shape[axis]), axis)
        shape = [1] * quantised.ndim
        shape[axis] = factor.size
        return factor.reshape(shape)

    floats = quantised.astype(np.float32)
    if zero is not None:
        floats = floats - spread(zero.astype(np.float32))
    return np.ascontiguousarray(floats * spread(scale), np.float32)
