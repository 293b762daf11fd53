"""Levels found by lookup are the nearest, and their errors are what they miss by."""

from __future__ import annotations

import numpy as np
import pytest

from proface.codec.codebook import Codebook
from proface.codec.level_tables import TABLE_STEPS, LevelTables
from proface.errors import ModelError
from proface.models.cards import find_model


@pytest.fixture(scope="module")
def codebook() -> Codebook:
    return Codebook.from_bytes(find_model("padded").read("codebook"))


@pytest.mark.parametrize("spread", [1.0, 20.0], ids=["usual", "beyond the tables"])
def test_the_level_found_is_the_nearest_to_within_half_a_step(
    codebook: Codebook, spread: float
) -> None:
    rng = np.random.default_rng(1)
    values = rng.laplace(0, spread, (40, 768)).astype(np.float32)
    radix = rng.integers(0, len(codebook.levels), (40, 768)).astype(np.uint8)
    tables = LevelTables(codebook.levels)
    levels = np.concatenate(codebook.levels)
    first = np.cumsum(codebook.radices) - codebook.radices
    found = tables.nearest(values, radix)
    assert (found >= first[radix]).all()
    assert (found < (first + codebook.radices)[radix]).all()
    missed = np.abs(levels[found] - values)
    least = np.array(
        [
            np.abs(codebook.levels[kind] - value).min()
            for kind, value in zip(radix.ravel(), values.ravel(), strict=True)
        ]
    ).reshape(values.shape)
    assert (missed <= least + 1.01 / TABLE_STEPS).all()
    errors = tables.errors(values, radix)
    assert errors.mean() == pytest.approx(np.square(missed).mean(), rel=1e-3)


def test_levels_that_the_tables_cannot_tell_apart_are_refused() -> None:
    close = np.array([0, 1e-4, 2e-4], np.float32)
    with pytest.raises(ModelError, match="too close together"):
        LevelTables([close])
    with pytest.raises(ModelError, match="out of range"):
        LevelTables([np.array([-40, 0, 40], np.float32)])
