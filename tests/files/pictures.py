"""Pixels of files, the mask of regions, PSNR by scikit-image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from proface.container.header import Header
from proface.files.protect import Protected
from proface.media.photo import read_photo


def pixels(source: Path | Image.Image) -> np.ndarray:
    return read_photo(source).pixels


def inside(result_or_header: Protected | Header, shape: tuple[int, ...]) -> np.ndarray:
    mask = np.zeros(shape[:2], bool)
    for region in result_or_header.regions:
        mask[region.box.slices] = True
    return mask


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(peak_signal_noise_ratio(a, b, data_range=255))
