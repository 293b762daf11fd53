"""Scales a photo before it is protected, and the regions that were given for it."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from proface.files.access import errors_name
from proface.media.orientation import upright
from proface.media.photo import Photo
from proface.options import Options
from proface.pipeline.regions import check_inside
from proface.types import Box


def fitted(photo: Photo, options: Options) -> tuple[Photo, Options]:
    """The photo with its longer side at `options.fit` at most, and its regions' new places.

    Raises:
        UsageError: a region is outside the photo.
    """
    if options.fit is None:
        return photo, options
    before = upright(photo.pixels, photo.orientation).shape
    with errors_name(photo.source):
        check_inside(options.regions, (before[1], before[0]))
    photo = photo.fitted(options.fit)
    after = upright(photo.pixels, photo.orientation).shape
    scale = after[1] / before[1], after[0] / before[0]
    boxes = [_scaled(box, scale, (after[1], after[0])) for box in options.regions]
    return photo, replace(options, regions=boxes)


def _scaled(box: Box, scale: tuple[float, float], size: tuple[int, int]) -> Box:
    """All pixels that a box has a part of."""
    x, y = int(box.x * scale[0]), int(box.y * scale[1])
    right = min(size[0], ceil((box.x + box.w) * scale[0]))
    bottom = min(size[1], ceil((box.y + box.h) * scale[1]))
    return Box(x, y, right - x, bottom - y)
