"""The repair network of a padded model in 8-bit integers, for CPUs.

    python -m proface.research.networks.quantise --model padded --data faces/

Writes NAME.int8.onnx beside the model's other files and its digest into the cards that share them.
All convolutions but the first and the last are quantised: weights per channel to 7 bits, so that no
CPU's 16-bit sums saturate, activations to 8 bits by the range that holds 99.99 % of what faces
yield. Neither words nor pads depend on the network, so no file changes, and no digest in a header.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from proface.codec.base import Floats
from proface.codec.cell_codec import CellCodec
from proface.codec.codebook import Codebook
from proface.embedding.lattice import Lattice
from proface.inference.engine import Engine, make_engine
from proface.looks import obfuscate
from proface.models.cards import Card, find_model, list_models
from proface.models.padded import QUANTISED
from proface.research.evaluation.images import find, load

PERCENTILE = 99.99
SIDE = 256  # of the faces to calibrate with
REPAIR = "/network/"  # the exported names of the repair network's operations begin with it


class Recorder:
    """An engine that keeps what it was given."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.given: list[dict[str, Floats]] = []

    def run(self, inputs: Mapping[str, Floats]) -> Floats:
        """See `Engine`."""
        self.given.append(dict(inputs))
        return self._engine.run(inputs)


class _Reader(CalibrationDataReader):  # type: ignore[misc]  # its package has no types
    def __init__(self, given: list[dict[str, Floats]]) -> None:
        self._given: Iterator[dict[str, Floats]] = iter(given)

    def get_next(self) -> dict[str, Floats] | None:
        """The next inputs."""
        return next(self._given, None)


def quantise(card: Card, images: list[Path]) -> bytes:
    """The network of a padded model, quantised by what these faces yield, as ONNX."""
    network = card.read("network")
    recorder = Recorder(make_engine(network, "cpu-float32"))
    codec, lattice = CellCodec(Codebook.from_bytes(card.read("codebook")), recorder), Lattice()
    capacity = lattice.capacity(SIDE, SIDE)
    for number, path in enumerate(images):
        x = load(path, SIDE)
        words = codec.encode(x, capacity)
        pad = np.random.default_rng(number).integers(0, 1 << 16, words.shape, np.uint16)
        p = lattice.embed(obfuscate(x, "pixelate"), words + pad)
        codec.decode(words, capacity, p)
    model = onnx.load_from_string(network)
    convolutions = [
        node.name
        for node in model.graph.node
        if node.op_type == "Conv" and node.name.startswith(REPAIR)
    ]
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "float32.onnx", Path(folder) / "int8.onnx"
        source.write_bytes(network)
        quantize_static(
            source,
            target,
            _Reader(recorder.given),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_quantize=convolutions[1:-1],
            calibrate_method=CalibrationMethod.Percentile,
            extra_options={"CalibPercentile": PERCENTILE},
        )
        return target.read_bytes()


def main() -> None:
    """Quantise a model's network and add it to every card with the same digest."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--model", default="padded")
    parser.add_argument("--data", type=Path, required=True, help="a folder of face images")
    parser.add_argument("--images", type=int, default=24, help="how many, evenly spaced by name")
    options = parser.parse_args()
    card = find_model(options.model)
    data = quantise(card, find(options.data, options.images))
    path = card.folder / f"{card.path('network').stem}.int8.onnx"
    path.write_bytes(data)
    entry = {"name": path.name, "sha256": hashlib.sha256(data).hexdigest()}
    for other in list_models():
        if other.digest == card.digest and other.folder == card.folder:
            facts = other.facts | {"files": other.facts["files"] | {QUANTISED: entry}}
            text = json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
            (other.folder / f"{other.name}.json").write_text(text, "utf-8")
    print(path)


if __name__ == "__main__":
    main()
