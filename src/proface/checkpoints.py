"""Checkpoints saved by torch, read as tensors only: no code in them runs.

What is no plain state dict is refused. What fits is for `faults` to say.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proface.errors import MissingExtraError, ModelError

if TYPE_CHECKING:
    from torch import Tensor

    State = Mapping[str, Tensor]

NAMED = 5  # entries that a message names at most
WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "netG", "generator")
PREFIX = "module."  # of what was trained on several GPUs


def require_torch(what: str, extra: str) -> None:
    """Raises MissingExtraError, which names the extra, unless torch is installed."""
    try:
        import torch
    except ImportError:
        raise MissingExtraError(
            f'{what} needs torch, which is not installed. Run pip install "proface[{extra}]".'
        ) from None
    del torch


def read_checkpoint(file: Path) -> State:
    """The tensors of a checkpoint, by name, as they are in the file.

    Raises:
        ModelError: it cannot be read, or is no plain state dict.
    """
    import torch

    try:
        with file.open("rb") as opened:  # by its name, torch would read other kinds too
            content = torch.load(opened, map_location="cpu", weights_only=True)
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


def faults(
    found: Mapping[str, Any], expected: Mapping[str, tuple[int, ...]], finite: Mapping[str, bool]
) -> str:
    """What is wrong with entries, in words; empty where nothing is.

    Args:
        found: tensors or arrays, by name.
        expected: the shape that each is to have.
        finite: of each found, whether all its numbers are.
    """
    texts = []
    if missing := [key for key in expected if key not in found]:
        texts.append(f"missing: {_some(missing)}")
    if extra := [key for key in found if key not in expected]:
        texts.append(f"unexpected: {_some(extra)}")
    shapes = {key: tuple(found[key].shape) for key in expected if key in found}
    if wrong := [key for key, shape in shapes.items() if shape != tuple(expected[key])]:
        differ = [f"{k} is {_shape(shapes[k])}, not {_shape(expected[k])}" for k in wrong]
        texts.append(f"of another shape: {_some(differ)}")
    if broken := [key for key in shapes if not finite[key]]:
        texts.append(f"not finite: {_some(broken)}")
    return "; ".join(texts)


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


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "scalar"
