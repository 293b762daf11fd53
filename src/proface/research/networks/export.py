"""A trained flow as the files that the package ships.

    python -m proface.research.networks.export --weights W.safetensors --facts F.json ...

With `--codebook C.npz` it exports a padded flow: NAME.onnx, NAME.npz, NAME.safetensors and, from
the given facts, the model card NAME.json, in the package's folder `models/shipped`. Without one it
exports a keyed flow: NAME.safetensors, the card and, for the name "keyed", the two networks without
weights, which are the same for all keyed flows. For the name "robust" it exports that model's
repair network, and leaves its other files as they are. The module
`proface.research.evaluation.fidelity` adds measured figures with `--card`.
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

from proface.codec.codebook import Codebook
from proface.codec.face_repair import CONTEXT
from proface.codec.transform import CELL, COEFFICIENTS
from proface.inference.onnx_graph import read_model
from proface.models.cards import FOLDER, find_shipped
from proface.models.keyed import NETWORKS
from proface.research.networks.face_repair import FaceRepairNetwork
from proface.research.networks.inference_form import InferenceForm
from proface.research.networks.keyed_flow import KeyedFlow
from proface.research.networks.padded_flow import PaddedFlow


def to_onnx(flow: PaddedFlow) -> bytes:
    """The decoder in its inference form as ONNX, for any number of cells."""
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

    `proface.models.keyed` fills in a model's weights by name. Unused outputs (the lost half, the
    recovered obfuscated image) are left out.
    """
    flow = KeyedFlow()
    for parameter in flow.parameters():
        nn.init.normal_(parameter)  # all different: the exporter merges equal ones
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
    """One direction of a keyed flow, with the flow's own weight names."""

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
    """Export to ONNX with these names and dynamic heights and widths."""
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
    """Write a model's files and cards; returns the first card's path.

    There are two cards for the same files: NAME, of mode "random", and NAME-obfuscated, since the
    modes differ in what is shown for invalid words. `facts` needs "name" at least; sizes and
    digests are added.
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
    """As `export`, for a keyed flow. The two networks are written for the name "keyed" only."""
    name = str(facts["name"])
    parts = {"weights": (f"{name}.safetensors", save(flow.state_dict()))}
    if name == NETWORKS:
        parts |= {part: (f"{name}.{part}.onnx", data) for part, data in keyed_networks().items()}
    return write_model(facts | {"kind": "keyed"}, flow, parts, folder)


def export_repair(network: FaceRepairNetwork, facts: dict[str, object], folder: Path) -> Path:
    """As `export`, for the robust flow's repair network; the rest is the shipped model's."""
    name, shipped = str(facts["name"]), find_shipped("robust")
    state = {key: value.contiguous() for key, value in network.state_dict().items()}
    inputs = {
        "decoded": torch.zeros(1, 3, 16, 24),
        "context": torch.zeros(1, CONTEXT, 1, 1),
    }
    sizes = dict.fromkeys(("decoded", "repaired"), ("height", "width"))
    parts = {
        part: (f"{name}{shipped.path(part).name.removeprefix('robust')}", shipped.read(part))
        for part in sorted(shipped.files - {"repair", "weights"})
    }
    parts["repair"] = (f"{name}.repair.onnx", _exported(network, inputs, ("repaired",), sizes))
    parts["weights"] = (f"{name}.safetensors", save(state))
    return write_model(facts | {"kind": "robust", "mode": shipped.mode}, network, parts, folder)


def write_model(
    facts: dict[str, object], flow: nn.Module, parts: dict[str, tuple[str, bytes]], folder: Path
) -> Path:
    """Write a model's files (part -> name and content) and a card with their digests."""
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
    """Export trained weights and write the model card; with a codebook: a padded flow."""
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
    elif facts["name"] == "robust":
        path = export_repair(FaceRepairNetwork.from_state_dict(state), facts, options.folder)
    else:
        keyed = KeyedFlow()
        keyed.load_state_dict(state)
        path = export_keyed(keyed, facts, options.folder)
    print(path)


if __name__ == "__main__":
    main()
