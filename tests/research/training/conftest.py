"""Tiny faces and tiny runs: a run is a process of some seconds, so several tests share one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

TINY = ("--batch", 2, "--crop", 32, "--size", 32, "--validation", 1, "--threads", 1)
QUIET = ("--no-tensorboard", "--workers", 1)
OFTEN = ("--report", 1, "--save", 4, "--samples", 100)


def photo(seed: int, side: int = 80) -> Image.Image:
    """Smooth blobs of colour: what a network of a few steps can learn anything from."""
    generator = np.random.default_rng(seed)
    small = Image.fromarray(generator.integers(0, 255, (5, 5, 3), np.uint8))
    return small.resize((side, side), Image.Resampling.BICUBIC)


@pytest.fixture(scope="session")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A flat folder of 12 images, and a file that is none."""
    folder = tmp_path_factory.mktemp("data") / "faces"
    folder.mkdir()
    for n in range(12):
        photo(n).save(folder / f"{n:02}.png")
    (folder / "notes.txt").write_text("no image")
    return folder


def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    """`proface train ...` as a process."""
    command = [sys.executable, "-m", "proface", *map(str, arguments)]
    env = {**os.environ, **options.pop("env", {})}  # type: ignore[dict-item]
    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=600,
        env=env,
        **options,  # type: ignore[call-overload]
    )
    assert "Traceback" not in result.stderr
    return result  # type: ignore[no-any-return]


@pytest.fixture
def train(faces: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`proface train` on the tiny faces, 32 px crops, two images a step."""

    def start(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
        data = () if "--data" in arguments or "--config" in arguments else ("--data", faces)
        given = ("train", *TINY, *QUIET, *OFTEN, "--look", "basic", *data, *arguments)
        return run(*given, **options)

    return start
