"""Likeness of two images, by scikit-image (extra `evaluate`). The data range is stated: 255."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
EQUAL = 99.0  # dB, in place of infinity, so that a mean stays a number


def psnr(a: Pixels, b: Pixels) -> float:
    """Peak signal-to-noise ratio, dB."""
    from skimage.metrics import peak_signal_noise_ratio

    if np.array_equal(a, b):
        return EQUAL
    return float(peak_signal_noise_ratio(a, b, data_range=255))  # type: ignore[no-untyped-call]


def ssim(a: Pixels, b: Pixels) -> float:
    """Structural similarity, windows of 7 x 7, mean over the channels, 0..1."""
    from skimage.metrics import structural_similarity

    return float(structural_similarity(a, b, channel_axis=2, data_range=255))  # type: ignore[no-untyped-call]
