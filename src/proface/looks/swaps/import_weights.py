"""Converts published face-swap checkpoints into safetensors files of this project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from proface.errors import ModelError
from proface.inference.user_folder import weights_file
from proface.models.checkpoints import read_checkpoint, require_torch, state_errors

if TYPE_CHECKING:
    from torch import Tensor, nn

    from proface.models.checkpoints import State

COUNTER = "num_batches_tracked"  # of batch norms; unused in evaluation, absent from old files


@dataclass(frozen=True)
class Network:
    """A network whose weights the user provides."""

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
    require_torch(name, "swap")
    if name not in NETWORKS:
        raise ModelError(f"no network is called {name!r}; choose from {', '.join(NETWORKS)}")
    from safetensors.torch import save

    from proface.media.atomic_output import atomic_output

    state = checked(read_checkpoint(file), name, str(file))
    target = weights_file(name)
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_output(target, overwrite=overwrite) as temporary:
        Path(temporary).write_bytes(save(dict(state), {"network": name}))
    return target


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
    finite = {key: bool(torch.isfinite(value).all()) for key, value in found.items()}
    shapes = {key: tuple(value.shape) for key, value in expected.items()}
    if wrong := state_errors(found, shapes, finite):
        title = NETWORKS[name].title
        raise ModelError(
            f"{source}: not the weights of {title}. {wrong}. Expected: {NETWORKS[name].published}."
        )
    return {key: found[key].to(value.dtype).contiguous() for key, value in expected.items()}


def network(name: str, state: State) -> nn.Module:
    """The network `name`, in evaluation mode, without memory for its weights yet."""
    import torch

    from proface.looks.swaps.faceshifter import FaceShifterGenerator
    from proface.looks.swaps.irse import FaceShifterEncoder, SimSwapEncoder
    from proface.looks.swaps.simswap import SimSwapGenerator

    with torch.device("meta"):
        if name == "simswap":
            return SimSwapGenerator().eval()
        if name == "simswap-identity":
            return SimSwapEncoder(_depths(state)).eval()
        return (FaceShifterGenerator() if name == "faceshifter" else FaceShifterEncoder()).eval()


def _depths(state: State) -> tuple[int, int, int, int]:
    """Units in each stage of SimSwap's encoder, which is published in several depths."""
    counts = []
    for stage, usual in enumerate((3, 4, 23, 3), 1):
        units = {key.split(".")[1] for key in state if key.startswith(f"layer{stage}.")}
        counts.append(len(units) if 0 < len(units) <= 100 else usual)
    return counts[0], counts[1], counts[2], counts[3]
