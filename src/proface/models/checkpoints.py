"""Reads checkpoints of torch and safetensors as tensors only, without executing code in them.

Anything but a plain state dict is refused. `state_errors` compares one with a network.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from proface.errors import MissingExtraError, ModelError

if TYPE_CHECKING:
    from torch import Tensor

    State = Mapping[str, Tensor]

MAX_LISTED = 5  # entries that a message lists
WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "netG", "generator")
PREFIX = "module."  # of torch's data-parallel wrappers


def require_torch(what: str, extra: str) -> None:
    """Raises MissingExtraError, naming the extra, unless torch is installed."""
    try:
        import torch
    except ImportError:
        raise MissingExtraError(
            f'{what} needs torch, which is not installed. Run pip install "proface[{extra}]".'
        ) from None
    del torch


def read_checkpoint(file: Path) -> State:
    """The tensors of a checkpoint, by name.

    Raises:
        ModelError: it cannot be read, or is not a plain state dict.
    """
    import torch

    try:
        with file.open("rb") as opened:  # given a name, torch reads other formats too
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
        raise ModelError(f"{file}: no state dict, that is tensors by name.")
    if all(key.startswith(PREFIX) for key in content):
        content = {key.removeprefix(PREFIX): value for key, value in content.items()}
    return content


def read_safetensors(data: bytes, source: Path) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays of a safetensors file, by name.

    Raises:
        ModelError: it is not valid; the message names `source`.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return dict(load(data))
    except (SafetensorError, TypeError, KeyError, ValueError):
        raise ModelError(f"{source}: damaged, or not a safetensors file.") from None


def state_errors(
    found: Mapping[str, Any], expected: Mapping[str, tuple[int, ...]], finite: Mapping[str, bool]
) -> str:
    """Describe how a state dict differs from the expected one; empty if it does not.

    Args:
        found: tensors or arrays, by name.
        expected: their shapes.
        finite: whether all values of each entry are finite.
    """
    texts = []
    if missing := [key for key in expected if key not in found]:
        texts.append(f"missing: {_listed(missing)}")
    if extra := [key for key in found if key not in expected]:
        texts.append(f"unexpected: {_listed(extra)}")
    shapes = {key: tuple(found[key].shape) for key in expected if key in found}
    if wrong := [key for key, shape in shapes.items() if shape != tuple(expected[key])]:
        differ = [f"{k} is {_shape(shapes[k])}, not {_shape(expected[k])}" for k in wrong]
        texts.append(f"of another shape: {_listed(differ)}")
    if broken := [key for key in shapes if not finite[key]]:
        texts.append(f"not finite: {_listed(broken)}")
    return "; ".join(texts)


def _refusal(error: Exception) -> str:
    if isinstance(error, pickle.UnpicklingError) and "weights_only" in str(error).lower():
        return (
            "refused: it contains more than tensors, such as a whole module, and loading it would "
            "run code from the file. If you trust its source, convert it apart, in a sandbox where "
            "its classes can be imported: "
            "torch.save(torch.load(FILE, weights_only=False).state_dict(), 'state.pth'). "
            "Then import state.pth."
        )
    return "damaged, or not a checkpoint saved by torch."


def _is_state(content: Mapping[Any, Any]) -> bool:
    import torch

    return bool(content) and all(
        isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in content.items()
    )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
    return ", ".join(names[:MAX_LISTED]) + more


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "scalar"
