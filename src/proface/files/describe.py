"""What each region says of itself in its pixels, for flows that carry that."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from proface.container.pixel_description import PixelDescription, stanza_of
from proface.media.photo import Photo
from proface.models.flow import Flow
from proface.types import Box


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
