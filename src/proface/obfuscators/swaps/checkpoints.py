"""Published checkpoints, turned into safetensors files of this project.

A checkpoint is read as tensors only: no code in it runs. What is no plain state dict is refused.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proface.errors import MissingExtraError, ModelError
from proface.runtime.folder import weights_file

if TYPE_CHECKING:
    from torch import Tensor, nn

    State = Mapping[str, Tensor]

NAMED = 5  # entries that a message names at most
WRAPPERS = ("state_dict", "model_state_dict", "model", "netG", "generator")
PREFIX = "module."  # of what was trained on several GPUs
COUNTER = "num_batches_tracked"  # of batch norms; evaluation does without, and old files have none


@dataclass(frozen=True)
class Network:
    """A network that weights can be brought for."""

    title: str
    published: str  # the name of the published file, and where to find it


NETWORKS = {
    "simswap": Network(
        "SimSwap's generator", "latest_net_G.pth of the release at github.com/neuralchen/SimSwap"
    ),
    "simswap-identity": Network(
        "SimSwap's identity encoder",
        "arcface_checkpoint.tar of the release at github.com/neuralchen/SimSwap, as a state dict",
    ),
    "faceshifter": Network(
        "FaceShifter's generator",
        "the generator's checkpoint (AEI-Net) that PRO-Face S uses",
    ),
    "faceshifter-identity": Network(
        "FaceShifter's identity encoder",
        "model_ir_se50.pth of github.com/TreB1eN/InsightFace_Pytorch",
    ),
}


def import_checkpoint(file: Path, name: str, *, overwrite: bool = False) -> Path:
    """Checks a published checkpoint and writes it into the models folder.

    Args:
        file: a state dict saved by torch, alone or under "state_dict" and the like.
        name: which network it is for, of `NETWORKS`.
        overwrite: replace weights that were imported before.

    Returns:
        The path of the file written.

    Raises:
        ModelError: an unknown name, no plain state dict, or entries that are missing, too many, of
            another shape, or not finite.
        MissingExtraError: torch or safetensors is not installed.
        OutputExistsError, OutputError: it is there already, or cannot be written.
    """
    require_torch(name)
    if name not in NETWORKS:
        raise ModelError(f"no network is called {name!r}; choose from {', '.join(NETWORKS)}")
    from safetensors.torch import save

    from proface.media import atomic_output

    state = checked(read_checkpoint(file), name, str(file))
    target = weights_file(name)
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_output(target, overwrite=overwrite) as temporary:
        Path(temporary).write_bytes(save(dict(state), {"network": name}))
    return target


def read_checkpoint(file: Path) -> State:
    """The tensors of a checkpoint, by name, as they are in the file.

    Raises:
        ModelError: it cannot be read, or is no plain state dict.
    """
    import torch

    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except OSError as error:
        raise ModelError(f"{file}: cannot be read ({error.strerror}).") from None
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise ModelError(f"{file}: {_refusal(error)}") from None
    while isinstance(content, dict) and not _is_state(content):
        inner = [content[key] for key in WRAPPERS if isinstance(content.get(key), dict)]
        if not inner:
            break
        content = inner[0]
    if not isinstance(content, dict) or not _is_state(content):
        raise ModelError(f"{file}: no state dict: tensors by their names are expected.")
    if all(key.startswith(PREFIX) for key in content):
        content = {key.removeprefix(PREFIX): value for key, value in content.items()}
    return content


def checked(state: State, name: str, source: str) -> dict[str, Tensor]:
    """The entries of the network `name`, in its order, as float32 where they are numbers.

    Raises:
        ModelError: names the entries that are missing, too many, of another shape or not finite.
    """
    import torch

    expected = network(name, state).state_dict()
    found = dict(state)
    for key, value in expected.items():
        if key.endswith(COUNTER):
            found.setdefault(key, torch.zeros(value.shape, dtype=value.dtype))
    faults = []
    if missing := [key for key in expected if key not in found]:
        faults.append(f"missing: {_some(missing)}")
    if extra := [key for key in found if key not in expected]:
        faults.append(f"unexpected: {_some(extra)}")
    both = [key for key in expected if key in found]
    if wrong := [key for key in both if found[key].shape != expected[key].shape]:
        shapes = [f"{k} is {_shape(found[k])}, not {_shape(expected[k])}" for k in wrong]
        faults.append(f"of another shape: {_some(shapes)}")
    if broken := [key for key in both if not torch.isfinite(found[key]).all()]:
        faults.append(f"not finite: {_some(broken)}")
    if faults:
        title = NETWORKS[name].title
        raise ModelError(
            f"{source}: not the weights of {title}. " + "; ".join(faults) + ". "
            f"Expected: {NETWORKS[name].published}."
        )
    return {key: found[key].to(value.dtype).contiguous() for key, value in expected.items()}


def network(name: str, state: State) -> nn.Module:
    """The network `name`, in evaluation mode, without memory for its weights yet."""
    import torch

    from proface.obfuscators.swaps.faceshifter import FaceShifterGenerator
    from proface.obfuscators.swaps.irse import FaceShifterEncoder, SimSwapEncoder
    from proface.obfuscators.swaps.simswap import SimSwapGenerator

    with torch.device("meta"):
        if name == "simswap":
            return SimSwapGenerator().eval()
        if name == "simswap-identity":
            return SimSwapEncoder(_depths(state)).eval()
        return (FaceShifterGenerator() if name == "faceshifter" else FaceShifterEncoder()).eval()


def require_torch(look: str) -> None:
    """Raises MissingExtraError unless torch and safetensors are installed."""
    try:
        import safetensors
        import torch
    except ImportError:
        raise MissingExtraError(
            f"{look} needs torch and safetensors, which are not installed. "
            'Run pip install "proface[swap]".'
        ) from None
    del safetensors, torch


def _depths(state: State) -> tuple[int, int, int, int]:
    """How many units each stage of SimSwap's encoder has: builds of several depths go round."""
    counts = []
    for stage, usual in enumerate((3, 4, 23, 3), 1):
        units = {key.split(".")[1] for key in state if key.startswith(f"layer{stage}.")}
        counts.append(len(units) if 0 < len(units) <= 100 else usual)
    return counts[0], counts[1], counts[2], counts[3]


def _refusal(error: Exception) -> str:
    if isinstance(error, pickle.UnpicklingError) and "weights_only" in str(error).lower():
        return (
            "refused: it holds more than tensors, such as a whole module, and reading that would "
            "run code from the file. If you trust its source, convert it apart, where its classes "
            "can be imported and with no access to anything of value: "
            "torch.save(torch.load(FILE, weights_only=False).state_dict(), 'state.pth'). "
            "Then import state.pth."
        )
    return "damaged, or not a checkpoint saved by torch."


def _is_state(content: Mapping[Any, Any]) -> bool:
    import torch

    return bool(content) and all(
        isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in content.items()
    )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _shape(value: Tensor) -> str:
    return "x".join(map(str, value.shape)) or "scalar"
