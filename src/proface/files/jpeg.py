"""Protect in the coefficients of a JPEG: everything outside the regions stays as it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from proface.embedding.base import Change
from proface.errors import UnsupportedImageError, UsageError
from proface.media.jpeg import from_pixels, in_colour, replace_regions, to_pixels
from proface.media.photo import Photo
from proface.models.flow import Flow
from proface.options import Options
from proface.types import Box


def as_jpeg(photo: Photo, options: Options, flow: Flow) -> Photo:
    """A photo with coefficients: its own if it is a JPEG, in colour, or else made from its pixels.

    Raises:
        UsageError: the flow does not survive JPEG.
        UnsupportedImageError: it is transparent.
    """
    if Change.RECOMPRESSION not in flow.survives:
        raise UsageError(
            f"{photo.source}: the model {flow.name} does not survive JPEG. Use the model robust, "
            "or write .png."
        )
    if photo.jpeg is not None:
        return replace(photo, jpeg=in_colour(photo.jpeg))
    if photo.alpha is not None and bool(np.any(photo.alpha < 255)):
        raise UnsupportedImageError(
            f"{photo.source}: a JPEG cannot hold its transparency. Write .png instead."
        )
    made = from_pixels(
        photo.pixels,
        options.quality,
        icc=photo.icc,
        metadata=photo.metadata,
        source=photo.source,
    )
    return replace(photo, alpha=None, jpeg=made)


def with_regions(photo: Photo, boxes: Sequence[Box], *, keep_metadata: bool) -> Photo:
    """Quantise the regions of a photo into its coefficients; `pixels` become what these decode to.

    Args:
        photo: with coefficients of the original and pixels of the protected picture.
        boxes: the regions, in stored coordinates.
        keep_metadata: write EXIF and XMP.
    """
    if photo.jpeg is None:
        raise ValueError("a photo without coefficients")
    regions = [(box, np.ascontiguousarray(photo.pixels[box.slices])) for box in boxes]
    jpeg = replace(replace_regions(photo.jpeg, regions), keeps_private=keep_metadata)
    return replace(photo, jpeg=jpeg, pixels=to_pixels(jpeg))
