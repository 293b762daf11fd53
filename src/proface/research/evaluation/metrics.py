"""Image quality metrics of 8-bit images: PSNR, and SSIM by scikit-image (extra `evaluate`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from proface.pipeline import quality
from proface.types import Box, Pixels

EQUAL = 99.0  # dB, in place of infinity, so that means stay finite


def psnr(a: Pixels, b: Pixels) -> float:
    """Peak signal-to-noise ratio, peak 255, dB; at most 99."""
    return min(EQUAL, quality.psnr(a, b))


def ssim(a: Pixels, b: Pixels) -> float:
    """Structural similarity with 7 x 7 windows, mean over the channels, -1..1."""
    from skimage.metrics import structural_similarity

    return float(structural_similarity(a, b, channel_axis=2, data_range=255))  # type: ignore[no-untyped-call]


def worst_tenth(values: Sequence[float]) -> float:
    """The mean of the lowest tenth of the values, at least of one."""
    return float(np.mean(sorted(values)[: max(1, len(values) // 10)]))


def psnr_within(boxes: Sequence[Box], a: Pixels, b: Pixels) -> float:
    """PSNR over the pixels of the boxes, which do not overlap."""
    parts = [(a[box.slices].reshape(-1, 3), b[box.slices].reshape(-1, 3)) for box in boxes]
    return psnr(*(np.concatenate(side) for side in zip(*parts, strict=True)))
