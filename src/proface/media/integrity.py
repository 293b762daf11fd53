"""Digests of a picture's parts, and which part no longer is what it was."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from proface.geometry import Box
from proface.media.header import Header, Region
from proface.media.photo import Photo


def region_digest(pixels: NDArray[np.uint8], box: Box) -> str:
    """SHA-256, in hex, of the box's pixels: uint8 RGB, row by row, h x w x 3 bytes."""
    return hashlib.sha256(_bytes(pixels[box.slices])).hexdigest()


def rest_digest(photo: Photo, boxes: Sequence[Box]) -> str:
    """SHA-256, in hex, of everything but the boxes.

    Over the whole picture's pixels, uint8 RGB, row by row, those inside a box being 0; then, if any
    alpha value is below 255, over the alpha plane, row by row, boxes included. An opaque alpha
    plane counts as none, since encoders leave it out.
    """
    rest = photo.pixels.copy()
    for box in boxes:
        rest[box.slices] = 0
    digest = hashlib.sha256(_bytes(rest))
    if photo.alpha is not None and bool(np.any(photo.alpha < 255)):
        digest.update(_bytes(photo.alpha))
    return digest.hexdigest()


def check_pixels(header: Header, photo: Photo) -> list[str] | None:
    """What changed in the picture since the header was made; None if nothing did.

    One line for each: another size, each altered region by its number, the rest. `previous`
    headers' regions are part of the rest, and are named where they were altered.
    """
    if photo.size != header.size:
        return [_resized(header.size, photo.size)]
    changed = [_altered(region) for region in header.regions if not _same(region, photo)]
    all_regions = len(changed) == len(header.regions)
    if rest_digest(photo, [region.box for region in header.regions]) != header.rest_sha256:
        older = [region for inner in header.chain[1:] for region in inner.regions]
        changed += [_altered(region) for region in older if not _same(region, photo)]
        again = ", as when it is saved again with loss (JPEG)" if all_regions else ""
        changed.append(f"the picture outside the regions was altered{again}")
    return changed or None


def _bytes(array: NDArray[np.uint8]) -> memoryview:
    """The array's bytes, row by row, without a copy where they lie so already."""
    return np.ascontiguousarray(array).ravel().data


def _same(region: Region, photo: Photo) -> bool:
    return region_digest(photo.pixels, region.box) == region.sha256


def _altered(region: Region) -> str:
    return (
        f"region {region.n} ({region.w} x {region.h} at {region.x}, {region.y}) of the picture "
        "was altered"
    )


def _resized(was: tuple[int, int], now: tuple[int, int]) -> str:
    if now == was[::-1]:
        how = "turned"
    elif now[0] <= was[0] and now[1] <= was[1]:
        how = "made smaller or cropped"
    else:
        how = "resized or extended"
    return f"the picture was {how}: {was[0]} x {was[1]} pixels, now {now[0]} x {now[1]}"
