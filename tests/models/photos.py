"""What the tests of both flows hide, and how they compare."""

from __future__ import annotations

import numpy as np
from skimage.data import astronaut
from skimage.metrics import peak_signal_noise_ratio

from proface.models.flow import Flow


def photo(height: int, width: int) -> np.ndarray:
    return np.ascontiguousarray(astronaut()[:height, 100 : 100 + width])


def pad(flow: Flow, x: np.ndarray, seed: int = 0) -> np.ndarray:
    words = flow.words(*x.shape[:2])
    return np.random.default_rng(seed).integers(0, 1 << 16, words, np.uint16)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(peak_signal_noise_ratio(a, b, data_range=255))
