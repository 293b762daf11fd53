"""Loads the networks whose weights were imported."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from proface.errors import ModelError
from proface.inference.user_folder import weights_file
from proface.looks.swaps.import_weights import NETWORKS, checked, network
from proface.models.checkpoints import require_torch

if TYPE_CHECKING:
    from torch import nn


def load_network(name: str) -> nn.Module:
    """The network `name` of `NETWORKS` with its weights, ready to run on the CPU.

    Raises:
        ModelError: its weights were not imported, or do not fit; says what to import.
        MissingExtraError: torch is not installed.
    """
    require_torch(f"The look {name.partition('-')[0]}", "swap")
    return _load(weights_file(name), name, _changed(name))


def require_weights(look: str) -> None:
    """Raises what `load_network` would for the two networks of a look, without loading them."""
    require_torch(f"The look {look}", "swap")
    for name in (look, f"{look}-identity"):
        _changed(name)


def _changed(name: str) -> int:
    """The time of the weights' import, in ns; a ModelError where they are missing."""
    file = weights_file(name)
    try:
        return file.stat().st_mtime_ns
    except OSError:
        wanted = NETWORKS[name]
        raise ModelError(
            f"{file}: missing. The weights of {wanted.title} do not come with proface: bring "
            f"{wanted.published}, and run: proface models import FILE --as {name}"
        ) from None


@lru_cache(maxsize=4)
def _load(file: Path, name: str, changed: int) -> nn.Module:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        found = load_file(file)
    except (OSError, SafetensorError):
        raise ModelError(
            f"{file}: damaged. Import it again: proface models import FILE --as {name} --overwrite"
        ) from None
    state = checked(found, name, str(file))
    built = network(name, state)
    built.load_state_dict(state, assign=True)
    return built.requires_grad_(False)
