"""The folder of the user's own weights, set by the environment variable PROFACE_MODELS.

NAME.json, NAME.*            a flow, its card and its files
NETWORK.safetensors          a network of a look, of SWAP_NETWORKS
yunet.onnx, centerface.onnx, facemesh.tflite, sface.onnx
                             instead of the shipped face networks
"""

from __future__ import annotations

import os
from pathlib import Path

from proface.errors import UsageError

VARIABLE = "PROFACE_MODELS"
SWAP_NETWORKS = ("simswap", "simswap-identity", "faceshifter", "faceshifter-identity")


def models_folder() -> Path:
    """The folder that the environment variable PROFACE_MODELS names, whether it exists or not.

    Otherwise `proface/models` in the user's data folder: $XDG_DATA_HOME or ~/.local/share.

    Raises:
        UsageError: the variable names a file.
    """
    chosen = os.environ.get(VARIABLE)
    if chosen:
        folder = Path(chosen).expanduser()
        if folder.is_file():
            raise UsageError(f"{folder}: {VARIABLE} names a folder, and this is a file.")
        return folder
    data = os.environ.get("XDG_DATA_HOME")
    base = Path(data) if data else Path.home() / ".local" / "share"
    return base / "proface" / "models"


def weights_file(name: str) -> Path:
    """The path of a network's weights, whether it exists or not."""
    return models_folder() / f"{name}.safetensors"
