"""Digests of a picture's parts, and which part no longer is what it was."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from proface.geometry import Box
from proface.media.header import Header, Region
from proface.media.photo import Photo

BAND = 256  # rows
_MOST_NAMED = 8  # altered regions: a header may have ten thousand
_NOTHING_FITS = ", as when it is saved again with loss (JPEG), or the header is another picture's"


def region_digest(pixels: NDArray[np.uint8], box: Box) -> str:
    """SHA-256, in hex, of the box's pixels: uint8 RGB, row by row, h x w x 3 bytes."""
    return hashlib.sha256(_bytes(pixels[box.slices])).hexdigest()


def rest_digest(photo: Photo, boxes: Sequence[Box]) -> str:
    """SHA-256, in hex, of everything but the boxes.

    Over the whole picture's pixels, uint8 RGB, row by row, those inside a box being 0; then, if any
    alpha value is below 255, over the alpha plane, row by row, boxes included. An opaque alpha
    plane counts as none, since encoders leave it out.
    """
    digest = hashlib.sha256()
    # A picture may be ten million rows high, and have as many boxes as it has bands.
    within: dict[int, list[Box]] = {}
    for box in boxes:
        for n in range(box.y // BAND, (box.y + box.h - 1) // BAND + 1):
            within.setdefault(n, []).append(box)
    for n, top in enumerate(range(0, len(photo.pixels), BAND)):  # a second copy of it all weighs
        band = photo.pixels[top : top + BAND].copy()
        for box in within.get(n, ()):
            rows, columns = box.slices
            band[max(rows.start - top, 0) : max(rows.stop - top, 0), columns] = 0
        digest.update(_bytes(band))
    if photo.alpha is not None and bool(np.any(photo.alpha < 255)):
        digest.update(_bytes(photo.alpha))
    return digest.hexdigest()


def check_pixels(header: Header, photo: Photo) -> list[str] | None:
    """What changed in the picture since the header was made; None if nothing did.

    One line for each: another size, the first few altered regions by their numbers, how many others
    there are, the rest. `previous` headers' regions are part of the rest, and are named where they
    were altered.
    """
    if photo.size != header.size:
        return [_resized(header.size, photo.size)]
    altered = _differing(header.regions, photo)
    all_regions = len(altered) == len(header.regions)
    others = []
    if rest_digest(photo, [region.box for region in header.regions]) != header.rest_sha256:
        older = [region for inner in header.chain[1:] for region in inner.regions]
        altered += _differing(older, photo)
        again = _NOTHING_FITS if all_regions else ""
        others.append(f"the picture outside the regions was altered{again}")
    return _named(header, altered) + others or None


def _bytes(array: NDArray[np.uint8]) -> memoryview:
    """The array's bytes, row by row, without a copy where they lie so already."""
    return np.ascontiguousarray(array).ravel().data


def _differing(regions: Sequence[Region], photo: Photo) -> list[tuple[Region, str]]:
    """The regions that are not what they were, each with the digest of what is there."""
    found = [(region, region_digest(photo.pixels, region.box)) for region in regions]
    return [(region, digest) for region, digest in found if digest != region.sha256]


def _named(header: Header, altered: Sequence[tuple[Region, str]]) -> list[str]:
    """A line for each altered region; for all beyond the first few, one together."""
    if not altered:
        return []
    owners = {r.sha256: r.n for layer in reversed(header.chain) for r in reversed(layer.regions)}
    lines = []
    for region, digest in altered[:_MOST_NAMED]:
        moved = f": it holds region {owners[digest]}" if digest in owners else ""
        lines.append(
            f"region {region.n} ({region.w} x {region.h} at {region.x}, {region.y}) of the picture "
            f"was altered{moved}"
        )
    if len(altered) > _MOST_NAMED:
        lines.append(f"{len(altered) - _MOST_NAMED} further regions of the picture were altered")
    return lines


def _resized(was: tuple[int, int], now: tuple[int, int]) -> str:
    if now == was[::-1]:
        how = "turned"
    elif now[0] <= was[0] and now[1] <= was[1]:
        how = "made smaller or cropped"
    else:
        how = "resized or extended"
    return (
        f"the picture was {how}: {was[0]} x {was[1]} pixels, now {now[0]} x {now[1]}; or the "
        "header is another picture's"
    )
