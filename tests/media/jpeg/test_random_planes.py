from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from proface.media.jpeg.coefficients import read_coefficients
from tests.media.jpeg.pieces import encoded, picture


@pytest.mark.parametrize("seed", range(24))
def test_any_coefficients_come_back(seed: int) -> None:
    """Dense and sparse, small and large, with long runs of empty blocks and odd restarts."""
    rng = np.random.default_rng(seed)
    width, height = (int(side) for side in rng.integers(1, 700, 2))
    data = encoded(
        picture(width, height),
        progressive=seed % 3 > 0,
        subsampling=("4:4:4", "4:2:2", "4:2:0")[seed % 3 - seed % 2],
        quality=100,
    )
    coefficients = read_coefficients(data)
    share, spread = rng.choice([0.001, 0.02, 0.3, 1.0]), rng.choice([1, 2, 5, 300])
    for plane in coefficients.planes:
        values = rng.integers(-spread, spread + 1, plane.shape)
        plane[...] = np.where(rng.random(plane.shape) < share, values, 0)
        plane[..., 0] = rng.integers(-1024, 1024, plane.shape[:2])
    restart = int(rng.choice([0, 0, 1, 3, 100]))
    scans = tuple(replace(scan, restart=restart) for scan in coefficients.frame.scans)
    coefficients.frame = replace(coefficients.frame, scans=scans)
    after = read_coefficients(coefficients.to_bytes())
    assert after.frame.scans == scans
    for wanted, plane in zip(coefficients.planes, after.planes, strict=True):
        assert np.array_equal(wanted, plane)
