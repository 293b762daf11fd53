"""Two originals and their protected files, made once for each file of tests."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import proface
from tests.cli.faults.helpers import (
    NAMES,
    protect,
)
from tests.cli.forks import Forks


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Path:
    """A key, two small originals, and their protected files: never written again."""
    folder = tmp_path_factory.mktemp("shelf")
    (folder / "album").mkdir()
    y, x = np.mgrid[0:40, 0:40]
    for number, name in enumerate(NAMES, 3):
        pixels = np.stack([x * number % 256, y * 5 % 256, (x + y) * 3 % 256], 2)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / "album" / f"{name}.png")
        os.utime(folder / "album" / f"{name}.png", ns=(10**18, 10**18 + number))
    proface.Key.generate().save(folder / "key")
    assert protect(forks, folder, folder / "safe").code == 0
    return folder


@pytest.fixture(scope="module")
def key(shelf: Path) -> proface.Key:
    return proface.Key.from_file(shelf / "key")
