"""The fuzz targets on their seeds, and on some hundred mutations of them; `make fuzz` goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fuzz import seeds, targets


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of odd tags
@pytest.mark.parametrize("name", sorted(targets.TARGETS))
def test_seeds_and_mutations_of_them(name: str, tmp_path: Path) -> None:
    assert seeds.make(name, tmp_path) < 200_000
    random = np.random.default_rng(11)
    corpus = [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    for data in corpus:
        targets.TARGETS[name](data)
    for number in range(150):
        data = bytearray(corpus[number % len(corpus)])
        for place in random.integers(0, max(1, min(len(data), 600)), 3):
            data[place : place + int(random.integers(0, 3))] = random.bytes(1)
        targets.TARGETS[name](bytes(data))
