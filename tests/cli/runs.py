"""Runs `proface` as a process, and looks at what it leaves."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

SECRET = "Schlüssel zum Glück 42"
WITH = ("--password-env", "SECRET_FOR_TESTS")
# With them typer and rich write colours into a pipe, as on some CI machines.
COLOURS = ("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
COMMAND = [sys.executable, "-m", "proface"]


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


def environment(**changes: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if name not in COLOURS}
    return {**own, "SECRET_FOR_TESTS": SECRET, "COLUMNS": "80", **changes}


def call(*arguments: object, stdin: bytes | None = None, **options: object) -> Result:
    """Run `proface`, and check what holds of every run."""
    env = environment(**options.pop("env", {}))  # type: ignore[arg-type]
    run = subprocess.run(
        [*COMMAND, *map(os.fsencode, map(os.fspath, map(_path, arguments)))],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        env=env,
        timeout=options.pop("timeout", 600),  # type: ignore[arg-type]
        start_new_session=True,  # no terminal to ask on
        **options,  # type: ignore[call-overload]
    )
    out, err = (text.decode("utf-8", "surrogateescape") for text in (run.stdout, run.stderr))
    assert SECRET not in out + err
    if "--debug" not in arguments:
        assert "Traceback" not in err
        if run.returncode not in (0, 2):
            assert err.count("\n") >= 1
    return Result(run.returncode, out, err)


def _path(argument: object) -> str | os.PathLike[str]:
    return argument if isinstance(argument, os.PathLike) else str(argument)


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    error = np.mean((a.astype(float) - b.astype(float)) ** 2)
    return float(10 * np.log10(255**2 / error)) if error else float("inf")


def files(folder: Path) -> list[str]:
    """All files below a folder, hidden ones too."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
