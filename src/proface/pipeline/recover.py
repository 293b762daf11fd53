"""Recover regions of a protected picture."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from proface.embedding.base import Words
from proface.inference.cores import cores
from proface.keys import FaceKey, keystream
from proface.models.flow import Flow, Revealed
from proface.pipeline.quality import psnr
from proface.types import Box, Pixels, Place

COARSE_UNDER = 0.7  # of the size: no more than a coarse picture outlives such a scaling


def recover_region(
    pixels: Pixels,
    key: FaceKey,
    flow: Flow,
    place: Place | None = None,
    known: tuple[bytes, bytes] | None = None,
) -> Revealed:
    """Recover the original of one region of a protected picture.

    Args:
        pixels: the whole picture, H x W x 3.
        key: the region's place and key.
        flow: the flow that protected it.
        place: where the region is in this picture, if not at the key's box.
        known: its public bytes, if known, and a mask of their bits that are sure.

    Returns:
        The region at the size at which it was protected.
    """
    words = flow.words(key.box.h, key.box.w)
    if not words:  # nobody hides anything in this size, which may be huge: a forged header
        return Revealed(pixels[key.box.slices], "none")
    return _read_region(pixels, key.box, keystream(key.pad, words), flow, place, known)


def is_readable(
    pixels: Pixels,
    box: Box,
    flow: Flow,
    place: Place | None = None,
    known: tuple[bytes, bytes] | None = None,
) -> bool:
    """Whether a region can be read, under any key: only for flows whose pixels tell.

    Args:
        pixels, flow, place, known: as for `recover_region`.
        box: the region's place when it was protected, of a size that holds words.
    """
    pad = np.zeros(flow.words(box.h, box.w), np.uint16)
    read = _read_region(pixels, box, pad, flow, place, known)
    return read.quality != "none" or read.wrong_pad


def _read_region(
    pixels: Pixels,
    box: Box,
    pad: Words,
    flow: Flow,
    place: Place | None,
    known: tuple[bytes, bytes] | None,
) -> Revealed:
    if place is None:
        return flow.read(pixels[box.slices], pad)
    if max(place.h / box.h, place.w / box.w) < COARSE_UNDER:
        scaled = flow.read_scaled(pixels, place, (box.h, box.w), pad, known)
        if scaled is not None:
            return scaled
    for part in cuts(pixels, place, (box.h, box.w)):
        revealed = flow.read(part, pad)
        if revealed.quality != "none" or revealed.wrong_pad:
            break
    return revealed


def draft_psnrs(
    pixels: Pixels, regions: Iterable[tuple[FaceKey, Pixels]], flow: Flow
) -> dict[int, float]:
    """How well regions recover, in dB, on all cores and slightly less well than they do.

    Args:
        pixels: the protected picture, H x W x 3.
        regions: each with its original.
        flow: the flow that protected it.

    Returns:
        The figure of each region, by its number; empty if the flow has no draft.
    """

    def figure(region: tuple[FaceKey, Pixels]) -> tuple[int, float | None]:
        key, original = region
        pad = keystream(key.pad, flow.words(key.box.h, key.box.w))
        draft = flow.draft(pixels[key.box.slices], pad)
        return key.n, None if draft is None else psnr(draft, original)

    with ThreadPoolExecutor(cores()) as pool:
        return {n: found for n, found in pool.map(figure, regions) if found is not None}


def decodes_region(pixels: Pixels, key: FaceKey, flow: Flow) -> bool | None:
    """Whether a region holds a picture under its key; None if the flow cannot tell."""
    words = flow.words(key.box.h, key.box.w)
    return flow.decodes(pixels[key.box.slices], keystream(key.pad, words)) if words else None


def cuts(pixels: Pixels, place: Place, shape: tuple[int, int]) -> Iterator[Pixels]:
    """A place of a picture, resampled to a height and width in ways that are worth a try."""
    box = place.rounded()
    pixels = _extended(pixels, place)
    if place.is_whole and (box.h, box.w) == shape:
        yield np.ascontiguousarray(pixels[box.slices])
    elif place.h <= shape[0] and place.w <= shape[1]:
        # OpenCV is loaded only for pictures that were scaled.
        from proface.embedding.resample import SHARPNESS, enlarged_part

        for sharpness in SHARPNESS:
            part = enlarged_part(pixels, place, shape, sharpness)
            yield np.clip(np.rint(part), 0, 255).astype(np.uint8)
    else:
        corners = (place.x, place.y, place.x + place.w, place.y + place.h)
        image = Image.fromarray(pixels)
        yield np.asarray(image.resize(shape[::-1], Image.Resampling.LANCZOS, box=corners))


def _extended(pixels: Pixels, place: Place) -> Pixels:
    """The picture, with its edge repeated as far as a place reaches beyond it.

    A region may end beyond a picture that was cropped, or by what rounding adds.
    """
    down = max(0, math.ceil(place.y + place.h) - pixels.shape[0])
    across = max(0, math.ceil(place.x + place.w) - pixels.shape[1])
    if not (down or across):
        return pixels
    return np.pad(pixels, ((0, down), (0, across), (0, 0)), "edge")


def paste(pixels: Pixels, region: Pixels, place: Place) -> None:
    """Put a region, of any size, into its place of a picture H x W x 3, in place.

    What lies beyond the picture's right and lower edge is left out.
    """
    box = place.rounded()
    if region.shape[:2] != (box.h, box.w):
        image = Image.fromarray(np.ascontiguousarray(region))
        region = np.asarray(image.resize((box.w, box.h), Image.Resampling.LANCZOS))
    target = pixels[box.slices]
    target[...] = region[: target.shape[0], : target.shape[1]]
