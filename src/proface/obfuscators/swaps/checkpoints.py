"""Published checkpoints of face swaps, turned into safetensors files of this project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from proface import checkpoints
from proface.checkpoints import faults, read_checkpoint
from proface.errors import ModelError
from proface.runtime.folder import weights_file

if TYPE_CHECKING:
    from torch import Tensor, nn

    from proface.checkpoints import State

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
    if wrong := faults(found, shapes, finite):
        title = NETWORKS[name].title
        raise ModelError(
            f"{source}: not the weights of {title}. {wrong}. Expected: {NETWORKS[name].published}."
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
    """Raises MissingExtraError unless torch is installed."""
    checkpoints.require_torch(look, "swap")


def _depths(state: State) -> tuple[int, int, int, int]:
    """How many units each stage of SimSwap's encoder has: builds of several depths go round."""
    counts = []
    for stage, usual in enumerate((3, 4, 23, 3), 1):
        units = {key.split(".")[1] for key in state if key.startswith(f"layer{stage}.")}
        counts.append(len(units) if 0 < len(units) <= 100 else usual)
    return counts[0], counts[1], counts[2], counts[3]
