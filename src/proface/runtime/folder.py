"""Where weights that the user brought lie: one folder, one safetensors file for each network."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "PROFACE_MODELS"


def models_folder() -> Path:
    """The folder that the environment variable PROFACE_MODELS names.

    Otherwise `proface/models` in the user's data folder: $XDG_DATA_HOME or ~/.local/share.
    """
    chosen = os.environ.get(VARIABLE)
    if chosen and not Path(chosen).is_file():  # a file there replaces a face network
        return Path(chosen).expanduser()
    data = os.environ.get("XDG_DATA_HOME")
    base = Path(data) if data else Path.home() / ".local" / "share"
    return base / "proface" / "models"


def weights_file(name: str) -> Path:
    """Where the weights of a network lie, whether they are there or not."""
    return models_folder() / f"{name}.safetensors"
