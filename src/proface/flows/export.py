"""A trained padded flow as the files that the package ships.

    python -m proface.flows.export --weights W.safetensors --codebook C.npz --facts FACTS.json

Writes NAME.onnx, NAME.npz, NAME.safetensors and, from the facts given, the card NAME.json into the
package's `models` folder. `python -m proface.evaluation.fidelity --card` adds measured figures.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save
from torch import nn

from proface.flows.inference import InferenceForm
from proface.flows.keyed import KeyedFlow
from proface.flows.padded import PaddedFlow
from proface.latents import CELL, COEFFICIENTS, Codebook
from proface.runtime.models import FOLDER


def to_onnx(flow: PaddedFlow) -> bytes:
    """The decoder as ONNX, in its inference form, any number of cells high and wide."""
    h, w = 4, 6
    inputs = (
        torch.zeros(1, COEFFICIENTS, h, w),
        torch.ones(1, 3, h, w),
        torch.zeros(1, 3, h * CELL, w * CELL),
    )
    buffer = io.BytesIO()
    torch.onnx.export(
        InferenceForm(flow).eval(),
        inputs,
        buffer,  # type: ignore[arg-type]  # documented, if not annotated
        dynamo=False,
        opset_version=17,
        input_names=["coefficients", "noise", "protected"],
        output_names=["recovered", "features", "repair"],
        dynamic_axes={
            "coefficients": {2: "h", 3: "w"},
            "noise": {2: "h", 3: "w"},
            "protected": {2: "height", 3: "width"},
            "recovered": {2: "height", 3: "width"},
            "features": {2: "half_height", 3: "half_width"},
            "repair": {2: "half_height", 3: "half_width"},
        },
    )
    return buffer.getvalue()


def export(flow: PaddedFlow, codebook: Codebook, facts: dict[str, object], folder: Path) -> Path:
    """Write a model's files and its card; returns the card's path.

    `facts` needs "name" and "mode" at least; sizes and digests are added.
    """
    name = str(facts["name"])
    state = {key: value.contiguous() for key, value in flow.state_dict().items()}
    parts = {
        "network": (f"{name}.onnx", to_onnx(flow)),
        "codebook": (f"{name}.npz", codebook.to_bytes()),
        "weights": (f"{name}.safetensors", save(state)),
    }
    return write_model(facts | {"modes": codebook.modes}, flow, parts, folder)


def export_keyed(flow: KeyedFlow, facts: dict[str, object], folder: Path) -> Path:
    """Write the published flow's weights and card: it runs in torch alone, for comparison."""
    name = str(facts["name"])
    return write_model(
        facts, flow, {"weights": (f"{name}.safetensors", save(flow.state_dict()))}, folder
    )


def write_model(
    facts: dict[str, object], flow: nn.Module, parts: dict[str, tuple[str, bytes]], folder: Path
) -> Path:
    """Write a model's files (part -> name and content) and a card that vouches for them."""
    files = {}
    for part, (file, data) in parts.items():
        (folder / file).write_bytes(data)
        files[part] = {"name": file, "sha256": hashlib.sha256(data).hexdigest()}
    parameters = sum(p.numel() for p in flow.parameters())
    path = folder / f"{facts['name']}.json"
    card = facts | {"parameters": parameters, "files": files}
    path.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return path


def main() -> None:
    """Export trained weights; the card keeps the facts of FACTS. With a codebook: a padded flow."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--weights", type=Path, required=True, help="safetensors")
    parser.add_argument("--codebook", type=Path)
    parser.add_argument("--facts", type=Path, required=True, help="JSON: name, mode, ...")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args()
    facts = json.loads(options.facts.read_text("utf-8"))
    state = load_file(options.weights)
    if options.codebook:
        codebook = Codebook.from_bytes(options.codebook.read_bytes())
        path = export(PaddedFlow.from_state_dict(state), codebook, facts, options.folder)
    else:
        keyed = KeyedFlow()
        keyed.load_state_dict(state)
        path = export_keyed(keyed, facts, options.folder)
    print(path)


if __name__ == "__main__":
    main()
