"""The files of a training run, written atomically.

settings.json        the settings that the weights depend on; a folder of another run is refused
checkpoint.pt        the last checkpoint: weights, moving average, optimizer, progress
best.safetensors     the weights with the best validation score
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

from proface.errors import ModelError, OutputError, UsageError
from proface.media.atomic_output import atomic_output, output_error
from proface.models.cards import FOLDER
from proface.models.checkpoints import state_errors
from proface.research.training.settings import RESUMABLE, Settings, as_json

SETTINGS, CHECKPOINT, BEST = "settings.json", "checkpoint.pt", "best.safetensors"

State = Mapping[str, Tensor]


def open_folder(settings: Settings, data: str) -> None:
    """Create the run's folder, or check that it belongs to this run.

    Args:
        settings: of the run.
        data: a digest of the list of training images.

    Raises:
        UsageError: it holds another run or other files; the message names the difference.
        OutputError: it cannot be created.
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
        if found.get(key) != value and key not in RESUMABLE:
            if key == "images":
                raise UsageError(
                    f"{folder}: a run on other images: some were added or removed since. "
                    "Restore them, or give another --out folder."
                )
            raise UsageError(
                f"{folder}: another run, with {key} = {found.get(key)!r} instead of {value!r}. "
                "Give the same settings to resume it, or another --out folder."
            )


def write(path: Path, data: bytes) -> None:
    """Write a file atomically: after an interruption or on a full disk the old one remains.

    Raises:
        OutputError: it cannot be written.
    """
    with atomic_output(path, overwrite=True) as temporary:
        temporary.write_bytes(data)


def save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Save a checkpoint.

    Raises:
        OutputError: the disk is full or the like; the previous checkpoint remains.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    try:
        write(folder / CHECKPOINT, buffer.getvalue())
    except OutputError as error:
        raise OutputError(
            f"{error} The previous checkpoint is intact: the same command resumes from it."
        ) from error


def load_checkpoint(folder: Path) -> dict[str, Any] | None:
    """The last checkpoint, None if there is none. Read as tensors only: no code in it runs.

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
            f"{path}: damaged, or not a checkpoint of a training run. Remove it to start again, or "
            "give another --out folder."
        ) from None
    return dict(state)


def read_state(start: str) -> tuple[State, str]:
    """Weights from a safetensors file, a state dict saved by torch, or a shipped model's name.

    Returns:
        The state dict, and its source for messages.

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
            reason = getattr(error, "strerror", None) or "not a safetensors file"
            raise ModelError(f"{path}: cannot be read ({reason}).") from None
    from proface.models.checkpoints import read_checkpoint

    return read_checkpoint(path), str(path)


def fill(network: nn.Module, state: State, source: str) -> None:
    """Load weights into a network, strictly.

    Raises:
        ModelError: entries are missing, unexpected, of another shape or not finite.
    """
    expected = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    finite = {key: bool(torch.isfinite(value).all()) for key, value in state.items()}
    if found := state_errors(state, expected, finite):
        title = type(network).__name__
        raise ModelError(f"{source}: not the weights of this {title}. {found}.")
    network.load_state_dict(dict(state))


def save_weights(path: Path, network: nn.Module) -> None:
    """The network's weights as safetensors."""
    write(
        path, save({key: value.cpu().contiguous() for key, value in network.state_dict().items()})
    )
