"""Digests of a picture's parts, and detection of altered parts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from proface.container.header import Header
from proface.media import jpeg
from proface.media.photo import Photo
from proface.types import Box, Region

BAND = 256  # rows
_MOST_LISTED = 8  # altered regions: a header may have ten thousand
_ALL_ALTERED = ", as by lossy compression (JPEG), or the header is another picture's"


def region_digest(pixels: NDArray[np.uint8], box: Box) -> str:
    """Hash the box's pixels: hex SHA-256 of uint8 RGB, row by row, h x w x 3 bytes."""
    return hashlib.sha256(_bytes(pixels[box.slices])).hexdigest()


def photo_region_digest(photo: Photo, box: Box) -> str:
    """Hash a region of a photo, hex: its coefficients in a JPEG, else its pixels.

    Empty for a box of a JPEG that is not whole MCUs, as no header of ours has.
    """
    if photo.jpeg is None:
        return region_digest(photo.pixels, box)
    return jpeg.region_digest(photo.jpeg, box) if jpeg.is_on_grid(photo.jpeg, box) else ""


def rest_digest(photo: Photo, boxes: Sequence[Box]) -> str:
    """Hash everything outside the boxes: hex SHA-256.

    Of a JPEG: see `jpeg.coefficients_digest`; empty if a box is not whole MCUs. Otherwise, input:
    the picture's pixels, uint8 RGB, row by row, with 0 inside the boxes; then, if any alpha value
    is below 255, the whole alpha plane, row by row. An opaque alpha plane counts as none, since
    encoders omit it.
    """
    if photo.jpeg is not None:
        on_grid = all(jpeg.is_on_grid(photo.jpeg, box) for box in boxes)
        return jpeg.coefficients_digest(photo.jpeg, boxes) if on_grid else ""
    digest = hashlib.sha256()
    # Boxes by band, as a picture may be ten million rows high and have thousands of boxes.
    within: dict[int, list[Box]] = {}
    for box in boxes:
        for n in range(box.y // BAND, (box.y + box.h - 1) // BAND + 1):
            within.setdefault(n, []).append(box)
    for n, top in enumerate(range(0, len(photo.pixels), BAND)):  # saves a copy of the whole picture
        band = photo.pixels[top : top + BAND].copy()
        for box in within.get(n, ()):
            rows, columns = box.slices
            band[max(rows.start - top, 0) : max(rows.stop - top, 0), columns] = 0
        digest.update(_bytes(band))
    if photo.alpha is not None and bool(np.any(photo.alpha < 255)):
        digest.update(_bytes(photo.alpha))
    return digest.hexdigest()


def changes(header: Header, photo: Photo) -> list[str]:
    """Describe what changed in the picture since the header was made; empty if nothing did.

    One line each for: another size, the first few altered regions, how many more there are, the
    rest of the picture. Regions of `previous` headers belong to the rest and are listed if altered.
    """
    if photo.size != header.size:
        return [_resized(header.size, photo.size)]
    altered = _differing(header.regions, photo)
    all_regions = len(altered) == len(header.regions)
    others = []
    if rest_digest(photo, [region.box for region in header.regions]) != header.rest_sha256:
        older = [region for inner in header.chain[1:] for region in inner.regions]
        altered += _differing(older, photo)
        again = _ALL_ALTERED if all_regions else ""
        others.append(f"the picture outside the regions was altered{again}")
    return _describe(header, altered) + others


def _bytes(array: NDArray[np.uint8]) -> memoryview:
    """The array's bytes, row by row, without a copy if it is contiguous."""
    return np.ascontiguousarray(array).ravel().data


def _differing(regions: Sequence[Region], photo: Photo) -> list[tuple[Region, str]]:
    """The altered regions, each with its present digest."""
    found = [(region, photo_region_digest(photo, region.box)) for region in regions]
    return [(region, digest) for region, digest in found if digest != region.sha256]


def _describe(header: Header, altered: Sequence[tuple[Region, str]]) -> list[str]:
    """A line for each of the first few altered regions, and one for the number of others."""
    owners = {r.sha256: r.n for layer in reversed(header.chain) for r in reversed(layer.regions)}
    lines = []
    for region, digest in altered[:_MOST_LISTED]:
        moved = f": it holds region {owners[digest]}" if digest in owners else ""
        lines.append(
            f"region {region.n} ({region.w} x {region.h} at {region.x}, {region.y}) of the picture "
            f"was altered{moved}"
        )
    if len(altered) > _MOST_LISTED:
        lines.append(f"{len(altered) - _MOST_LISTED} more regions of the picture were altered")
    return lines


def _resized(was: tuple[int, int], now: tuple[int, int]) -> str:
    if now == was[::-1]:
        how = "rotated"
    elif now[0] <= was[0] and now[1] <= was[1]:
        how = "reduced or cropped"
    else:
        how = "enlarged or extended"
    return (
        f"the picture was {how}: {was[0]} x {was[1]} pixels, now {now[0]} x {now[1]}; or the "
        "header is another picture's"
    )
