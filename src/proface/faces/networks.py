"""Loads the block-quantised face networks in ONNX Runtime.

OpenCV Zoo's int8 builds set a block size on tensors that are quantised per tensor, and SFace lists
unused weights among its inputs; ONNX Runtime rejects both. The weights are therefore dequantised to
float32 in memory, and inputs that are not images are removed.

OpenCV's own `FaceDetectorYN` and `FaceRecognizerSF` read these files and give the same results
(boxes to 3e-5 px, embeddings to 2e-7), but were slower on one thread (YuNet 45 ms against 19 for
a tile of 768 x 768, SFace 102 against 90 ms). A detector shared by two threads with pictures of two
sizes was wrong in 54 of 60 calls, where a session may be shared; and 2 of 14 files with altered
bytes crashed the process, where ONNX Runtime crashed on none. (OpenCV 4.11.0, ONNX
Runtime 1.32.0.)
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proface.errors import ModelError
from proface.faces.model_files import model_file
from proface.inference.cores import cores

MAX_THREADS = 4
STRIDE = 32  # of the detectors: the sides of what they see are multiples of it


_loading = threading.Lock()  # so that two threads do not load the same network twice


def network(name: str) -> Any:
    """An ONNX Runtime `InferenceSession` of the network `name`, as in `model_files`.

    It is loaded on first use and cached. The detectors take N x 3 x H x W, H and W multiples of 32
    (YuNet: N is 1); SFace takes 1 x 3 x 112 x 112.

    Raises:
        MissingExtraError: CenterFace is not installed.
        ModelError: the file is missing, altered, or not a network that can be run.
    """
    with _loading:
        return _load(name)


def padded_side(side: int) -> int:
    """The side of a picture as the detectors see it."""
    return -(-side // STRIDE) * STRIDE


def planes(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """H x W x 3 -> 1 x 3 x H' x W', 0..255, padded with black for the detectors."""
    height, width = pixels.shape[:2]
    padded = np.zeros((1, 3, padded_side(height), padded_side(width)), np.float32)
    padded[0, :, :height, :width] = pixels.transpose(2, 0, 1)
    return padded


def release_networks() -> None:
    """Give back the memory of the loaded networks; the next use loads them again."""
    with _loading:
        _load.cache_clear()


@lru_cache(maxsize=8)
def _load(name: str) -> Any:
    from proface.inference.onnxruntime_engine import make_session

    path = model_file(name)
    try:
        data = runnable(path.read_bytes(), free_size=name != "sface")
        return make_session(data, threads=min(cores(), MAX_THREADS))
    except Exception as error:  # parsers raise various exceptions on invalid files
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f"{path}: not a {name} network that can be run ({reason})") from error


def runnable(data: bytes, *, free_size: bool = False) -> bytes:
    """The same ONNX network with float32 weights and with image inputs only.

    `free_size` makes the number, height and width of the pictures symbolic, for a fully
    convolutional network.
    """
    from proface.inference.onnx_graph import read_model

    model = read_model(data)
    _dequantise_weights(model)
    graph = model.graph
    constants = {tensor.name for tensor in graph.initializer}
    used = {name for node in graph.node for name in node.input}
    for entry in list(graph.input):
        rank = len(entry.type.tensor_type.shape.dim)
        if entry.name in constants or (entry.name not in used) or rank != 4:
            graph.input.remove(entry)
    if free_size:
        number, _, height, width = graph.input[0].type.tensor_type.shape.dim
        number.dim_param, height.dim_param, width.dim_param = "number", "height", "width"
        for output in graph.output:
            output.type.tensor_type.ClearField("shape")
    del graph.value_info[:]
    return bytes(model.SerializeToString())


def _dequantise_weights(model: Any) -> None:
    """Constant-folds every DequantizeLinear of weights, and Reshape of one."""
    from proface.inference.onnx_graph import from_array, to_array

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
