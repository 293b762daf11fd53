"""Makes a look fit to carry: away from 0 and 255, and without the hard edges of a mosaic.

And what a protected cover is tried with, before it is taken.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator

import numpy as np
from PIL import Image

from proface.types import Pixels

SOFTNESS = 0.003  # sigma over the region's side: 1.5 px at 512 px
# Pixels of a side: smaller regions need not outlive half their size, and softer edges cost 3 dB.
SOFT_FROM = 362
MARGINS = (2, 4, 8, 12)  # levels that stay free at both ends, tried in turn
SOFTNESSES = (0.5, 0.7, 1.0, 1.4, 2.0)  # sigmas in pixels, tried in turn with texture that is lost
TRIALS = ((70,), (90, 75), (85, 75))  # JPEG qualities, one after the other


@functools.cache
def _levels(margin: int) -> Pixels:
    """Where each level goes: up to three margins from an end, they are drawn together linearly."""
    knee = 3 * margin
    level = np.arange(256, dtype=np.float64)
    dark = margin + (knee - margin) / knee * level
    low = np.where(level < knee, dark, level)
    return np.rint(np.where(level > 255 - knee, 255 - dark[::-1], low)).astype(np.uint8)


def with_margin(cover: Pixels, margin: int) -> Pixels:
    """The cover with its levels in margin .. 255 - margin: a function of the cover alone."""
    return np.asarray(_levels(margin)[cover])


def without_texture(cover: Pixels, sigma: float) -> Pixels:
    """The cover with less of its finest texture, in which words are lost."""
    import cv2

    return np.asarray(cv2.GaussianBlur(cover, (0, 0), sigma))


def soften(look: Pixels) -> Pixels:
    """The look with softer edges, which resampling moves less: for mosaics, before `embed`.

    A function of the look alone; regions whose mean side is under SOFT_FROM stay as they are. At
    512 px, after half size and JPEG 75, the base layer of a mosaic comes back with it and does not
    without.
    """
    import cv2

    side = float(np.sqrt(look.shape[0] * look.shape[1]))
    if side < SOFT_FROM:
        return look
    return np.asarray(cv2.GaussianBlur(look, (0, 0), SOFTNESS * side))


def after_trials(picture: Pixels) -> Iterator[Pixels]:
    """The picture after each of TRIALS, at 4:2:0."""
    for qualities in TRIALS:
        yield functools.reduce(_compressed, qualities, picture)


def _compressed(picture: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(file, "JPEG", quality=quality)
    with Image.open(file) as image:
        return np.asarray(image)
