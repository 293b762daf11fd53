"""A trained flow as the files that the package ships.

    python -m proface.flows.export --weights W.safetensors --codebook C.npz --facts FACTS.json
    python -m proface.flows.export --weights W.safetensors --facts FACTS.json

The first form is for a padded flow and writes NAME.onnx, NAME.npz, NAME.safetensors and, from the
facts given, the card NAME.json into the package's `models` folder. The second is for a keyed flow:
NAME.safetensors, the card and, for the name "keyed", the two networks without their weights, which
are the same for all keyed flows. `python -m proface.evaluation.fidelity --card` adds measured
figures.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

from proface.flows.inference import InferenceForm
from proface.flows.keyed import KeyedFlow
from proface.flows.padded import PaddedFlow
from proface.latents import CELL, COEFFICIENTS, Codebook
from proface.onnx_format import read_model
from proface.runtime.keyed import NETWORKS
from proface.runtime.models import FOLDER


def to_onnx(flow: PaddedFlow) -> bytes:
    """The decoder as ONNX, in its inference form, any number of cells high and wide."""
    h, w = 4, 6
    inputs = {
        "coefficients": torch.zeros(1, COEFFICIENTS, h, w),
        "noise": torch.ones(1, 3, h, w),
        "protected": torch.zeros(1, 3, h * CELL, w * CELL),
    }
    sizes = {"coefficients": ("h", "w"), "noise": ("h", "w"), "protected": ("height", "width")}
    sizes |= {"recovered": ("height", "width")}
    sizes |= dict.fromkeys(("features", "repair"), ("half_height", "half_width"))
    return _exported(InferenceForm(flow), inputs, ("recovered", "features", "repair"), sizes)


def keyed_networks() -> dict[str, bytes]:
    """The two networks of any keyed flow as ONNX, "protect" and "recover", without the weights.

    `proface.runtime.keyed` puts a model's weights in, by their names. What only the halves need
    that nobody asks for (the lost one, the obfuscated one) is left out.
    """
    flow = KeyedFlow()
    for parameter in flow.parameters():
        nn.init.normal_(parameter)  # no two alike, as the exporter would make one of them
    names = flow.state_dict().keys()
    images = {name: torch.zeros(1, 3, 16, 24) for name in ("obfuscated", "original", "protected")}
    images["key"] = torch.ones(1, 1, 16, 24)
    networks = {}
    for part, run, takes, gives in (
        (
            "protect",
            lambda o, x, k: flow(o, x, k)[0],
            ("obfuscated", "original", "key"),
            "protected",
        ),
        ("recover", lambda p, k: flow.inverse(p, k)[1], ("protected", "key"), "recovered"),
    ):
        sizes = dict.fromkeys((*takes, gives), ("height", "width"))
        direction = _Direction(flow, run)
        model = read_model(_exported(direction, {n: images[n] for n in takes}, (gives,), sizes))
        for tensor in model.graph.initializer:
            if tensor.name in names:
                tensor.ClearField("raw_data")
        networks[part] = model.SerializeToString()
    return networks


class _Direction(nn.Module):
    """A keyed flow one way; its weights have the names that they have in the flow."""

    def __init__(self, flow: KeyedFlow, run: Callable[..., Tensor]) -> None:
        super().__init__()
        self.model = flow.model
        self._run = run

    def forward(self, *images: Tensor) -> Tensor:
        """See the class."""
        return self._run(*images)


def _exported(
    module: nn.Module,
    inputs: dict[str, Tensor],
    outputs: tuple[str, ...],
    sizes: dict[str, tuple[str, str]],
) -> bytes:
    """As ONNX, with these names and with heights and widths that may be anything."""
    buffer = io.BytesIO()
    torch.onnx.export(
        module.eval(),
        tuple(inputs.values()),
        buffer,  # type: ignore[arg-type]  # documented, if not annotated
        dynamo=False,
        opset_version=17,
        input_names=list(inputs),
        output_names=list(outputs),
        dynamic_axes={name: {2: height, 3: width} for name, (height, width) in sizes.items()},
    )
    return buffer.getvalue()


def export(flow: PaddedFlow, codebook: Codebook, facts: dict[str, object], folder: Path) -> Path:
    """Write a model's files and its cards; returns the first one's path.

    There are two cards for the same files: NAME, of mode "random", and NAME-obfuscated, since the
    modes differ in what is shown of words that are noise. `facts` needs "name" at least; sizes and
    digests are added. Measured figures are of the model as it was, and are not kept.
    """
    name = str(facts["name"])
    state = {key: value.contiguous() for key, value in flow.state_dict().items()}
    parts = {
        "network": (f"{name}.onnx", to_onnx(flow)),
        "codebook": (f"{name}.npz", codebook.to_bytes()),
        "weights": (f"{name}.safetensors", save(state)),
    }
    facts |= {"kind": "padded", "modes": codebook.modes}
    other = {"name": f"{name}-obfuscated", "mode": "obfuscated"}
    write_model(facts | other, flow, parts, folder)
    return write_model(facts | {"mode": "random"}, flow, parts, folder)


def export_keyed(flow: KeyedFlow, facts: dict[str, object], folder: Path) -> Path:
    """As `export`. The two networks go with the model "keyed", which the package always has."""
    name = str(facts["name"])
    parts = {"weights": (f"{name}.safetensors", save(flow.state_dict()))}
    if name == NETWORKS:
        parts |= {part: (f"{name}.{part}.onnx", data) for part, data in keyed_networks().items()}
    return write_model(facts | {"kind": "keyed"}, flow, parts, folder)


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
