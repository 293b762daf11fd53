"""Transparency inside regions: it can show the face as well as its colours do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from proface.media.photo import Photo
from proface.types import Box


def opaque(photo: Photo, boxes: Sequence[Box]) -> tuple[Photo, list[int]]:
    """Make a photo opaque in each region whose transparency varies.

    Returns it, and the indices of these regions, whose transparency must be sealed. One value
    throughout a region shows nothing and stays.
    """
    if photo.alpha is None:
        return photo, []
    alpha = photo.alpha.copy()
    varied = [n for n, box in enumerate(boxes) if np.ptp(alpha[box.slices])]
    for n in varied:
        alpha[boxes[n].slices] = 255
    return replace(photo, alpha=alpha), varied
