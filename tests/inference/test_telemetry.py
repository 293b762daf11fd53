"""No library that proface loads reports to its makers, or leaves what it would report by."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from PIL import Image

# What makes ONNX Runtime silent by itself, as on a build server.
SILENT = {"CI", "TF_BUILD", "GITHUB_ACTIONS", "JENKINS_URL", "ORT_DISABLE_TELEMETRY"}


def run(folder: Path, *command: str, **more: str) -> list[str]:
    """Run Python with an empty home and temporary folder; the files that are left there."""
    home = folder / "home"
    home.mkdir()
    env = {name: value for name, value in os.environ.items() if name not in SILENT}
    env |= {"HOME": str(home), "USERPROFILE": str(home), "TMPDIR": str(home), **more}
    env = {name: value for name, value in env.items() if not name.startswith("XDG_")}
    subprocess.run([sys.executable, *command], check=True, env=env, capture_output=True)
    return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())


def test_a_photo_is_protected_without_a_trace_at_home(tmp_path: Path):
    Image.new("RGB", (64, 48), (120, 90, 70)).save(tmp_path / "photo.png")
    photo, target = str(tmp_path / "photo.png"), str(tmp_path / "protected.png")
    command = ("-m", "proface", "protect", photo, "-o", target, "--region", "0,0,48,48")

    assert run(tmp_path, *command, "--password-env", "P", P="correct horse") == []
    assert Path(target).exists()


def test_whoever_wants_reports_can_have_them(tmp_path: Path):
    show = "import os, proface; open(os.environ['SEEN'], 'w').write(os.environ[os.environ['NAME']])"
    for name, default in (("ORT_DISABLE_TELEMETRY", "1"), ("RAY_USAGE_STATS_ENABLED", "0")):
        for value in (None, "yes"):
            folder = tmp_path / f"{name}-{value}"
            folder.mkdir()
            more = {"SEEN": str(folder / "seen"), "NAME": name}
            run(folder, "-c", show, **more, **({} if value is None else {name: value}))
            assert (folder / "seen").read_text() == (value or default)
