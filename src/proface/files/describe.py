"""What each region says of itself in its pixels, for flows that carry that."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from proface.container.header import Header
from proface.container.pixel_description import FILE, SIZE, PixelDescription, stanza_of
from proface.errors import ProfaceError
from proface.media.photo import Photo
from proface.models.flow import Flow
from proface.types import Box, Region


def describer(
    photo: Photo, flow: Flow, boxes: Sequence[Box], stanzas: Sequence[Mapping[str, Any]]
) -> Callable[[int], bytes] | None:
    """The function that gives each region's description of itself, for flows that carry one."""
    if not any(flow.public_bytes(box.h, box.w) for box in boxes):
        return None
    file = os.urandom(4)

    def describe(n: int) -> bytes:
        box = boxes[n - 1]
        return PixelDescription(
            model=bytes.fromhex(flow.digest)[:4],
            file=file,
            count=len(boxes),
            n=n,
            x=box.x,
            y=box.y,
            w=box.w,
            h=box.h,
            size=photo.size,
            photo_mode=photo.mode,
            keys=len(stanzas),
            stanza=stanza_of(stanzas, n),
        ).to_bytes()

    return describe


def expected_description(header: Header, region: Region, flow: Flow) -> tuple[bytes, bytes] | None:
    """What a region says of itself, by the header: its bytes, and a mask of those that are sure.

    None where a header does not tell. Passwords that were added later are no part of the pixels.
    """
    if not header.stanzas or not flow.public_bytes(region.h, region.w):
        return None
    try:
        said = PixelDescription(
            model=bytes.fromhex(header.model_sha256)[:4],
            file=bytes(FILE.stop - FILE.start),
            count=len(header.regions),
            n=region.n,
            x=region.x,
            y=region.y,
            w=region.w,
            h=region.h,
            size=header.size,
            photo_mode=header.photo_mode,
            keys=len(header.stanzas),
            stanza=stanza_of(header.stanzas, region.n),
        ).to_bytes()
    except (ProfaceError, KeyError, TypeError, ValueError):  # a forged header
        return None
    sure = bytearray(b"\xff" * SIZE)
    sure[FILE] = bytes(FILE.stop - FILE.start)
    return said, bytes(sure)
