"""What a run keeps: its settings, its last state, its best weights. Each there whole or not at all.

settings.json        what decides the weights; a folder of another run is refused
checkpoint.pt        the last state: weights, average, optimizer, progress
best.safetensors     the weights that were best on validation
"""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from proface.checkpoints import faults
from proface.errors import ModelError, OutputError, UsageError
from proface.media import atomic_output
from proface.media.output import output_error
from proface.runtime.models import FOLDER
from proface.training.settings import FREE, Settings, as_json

SETTINGS, CHECKPOINT, BEST = "settings.json", "checkpoint.pt", "best.safetensors"

State = Mapping[str, Tensor]


def open_folder(settings: Settings, data: str) -> None:
    """Make the run's folder, or check that it is this run's.

    Args:
        settings: of the run.
        data: a digest of which images it trains on.

    Raises:
        UsageError: it holds another run, or other things; the message names what differs.
        OutputError: it cannot be made.
    """
    folder, wanted = settings.out, settings.identity_of_run() | {"images": data}
    path = folder / SETTINGS
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = json.loads(path.read_text("utf-8")) if path.exists() else None
        others = [] if found else [entry.name for entry in folder.iterdir()]
    except OSError as error:
        raise output_error(folder, error) from error
    except ValueError:
        raise UsageError(f"{path}: damaged. Give another --out folder.") from None
    if found is None:
        if visible := [name for name in others if not name.startswith(".")]:
            raise UsageError(f"{folder}: not empty ({visible[0]}). Give a new --out folder.")
        whole = as_json(settings) | wanted
        write(path, json.dumps(whole, indent=2).encode())
        return
    for key, value in wanted.items():
        if found.get(key) != value and key not in FREE:
            if key == "images":
                raise UsageError(
                    f"{folder}: a run on other images: some were added or removed since. "
                    "Restore them, or give another --out folder."
                )
            raise UsageError(
                f"{folder}: another run, with {key} = {found.get(key)!r} instead of {value!r}. "
                "Give the same settings to go on with it, or another --out folder."
            )


def write(path: Path, data: bytes) -> None:
    """A file that neither a kill nor a full disk can spoil: the old one stays until then.

    Raises:
        OutputError: it cannot be written.
    """
    with atomic_output(path, overwrite=True) as temporary:
        temporary.write_bytes(data)


def save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Keep the state of a run.

    Raises:
        OutputError: the disk is full or the like; the checkpoint before stays.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    try:
        write(folder / CHECKPOINT, buffer.getvalue())
    except OutputError as error:
        raise OutputError(
            f"{error} The checkpoint before it is untouched: the same command goes on from there."
        ) from error


def load_checkpoint(folder: Path) -> dict[str, Any] | None:
    """The last state, None if there is none yet. Read as tensors only: no code in it runs.

    Raises:
        ModelError: it cannot be read.
    """
    path = folder / CHECKPOINT
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        state["network"], state["optimizer"], state["progress"]
    except (
        OSError,
        pickle.UnpicklingError,
        RuntimeError,
        EOFError,
        ValueError,
        KeyError,
        TypeError,
    ):
        raise ModelError(
            f"{path}: damaged, or no checkpoint of a training run. Remove it to start again, or "
            "give another --out folder."
        ) from None
    return dict(state)


def read_state(start: str) -> tuple[State, str]:
    """Weights from a safetensors file, a state dict saved by torch, or a shipped model's name.

    Returns:
        The entries, and where they come from.

    Raises:
        ModelError: they cannot be read.
    """
    path = Path(start).expanduser()
    if not path.exists() and (FOLDER / f"{start}.safetensors").exists():
        path = FOLDER / f"{start}.safetensors"
    if path.suffix == ".safetensors":
        try:
            return load_file(path), str(path)
        except (OSError, SafetensorError) as error:
            reason = getattr(error, "strerror", None) or "no safetensors file"
            raise ModelError(f"{path}: cannot be read ({reason}).") from None
    from proface.checkpoints import read_checkpoint

    return read_checkpoint(path), str(path)


def fill(network: nn.Module, state: State, source: str) -> None:
    """Load weights that must be the network's, entry by entry.

    Raises:
        ModelError: names entries that are missing, unexpected, of another shape or not finite.
    """
    expected = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    finite = {key: bool(torch.isfinite(value).all()) for key, value in state.items()}
    if found := faults(state, expected, finite):
        title = type(network).__name__
        raise ModelError(f"{source}: not the weights of this {title}. {found}.")
    network.load_state_dict(dict(state))


def save_weights(path: Path, network: nn.Module) -> None:
    """The network's weights as safetensors."""
    write(
        path, save({key: value.cpu().contiguous() for key, value in network.state_dict().items()})
    )
