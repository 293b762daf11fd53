"""What each region says of itself in its pixels, for flows that carry that."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from proface.container.header import Header
from proface.container.pixel_description import FILE, SIZE, PixelDescription, stanza_of
from proface.errors import ProfaceError
from proface.media.photo import Photo
from proface.models.flow import Flow
from proface.types import Box, Region

_FILE_BYTES = FILE.stop - FILE.start  # chosen anew for every protection


def describer(
    photo: Photo, flow: Flow, boxes: Sequence[Box], stanzas: Sequence[Mapping[str, Any]]
) -> Callable[[int], bytes] | None:
    """The function that gives each region's description of itself, for flows that carry one."""
    if not any(flow.public_bytes(box.h, box.w) for box in boxes):
        return None
    file = os.urandom(_FILE_BYTES)

    def describe(n: int) -> bytes:
        return _description(
            flow.digest, file, n, boxes[n - 1], len(boxes), photo.size, photo.mode, stanzas
        )

    return describe


def expected_description(header: Header, region: Region, flow: Flow) -> tuple[bytes, bytes] | None:
    """What a region says of itself, by the header: its bytes, and a mask of those that are sure.

    None where a header does not tell. Passwords that were added later are no part of the pixels.
    """
    if not header.stanzas or not flow.public_bytes(region.h, region.w):
        return None
    unknown = bytes(_FILE_BYTES)
    try:
        said = _description(
            header.model_sha256,
            unknown,
            region.n,
            region.box,
            len(header.regions),
            header.size,
            header.photo_mode,
            header.stanzas,
        )
    except (ProfaceError, KeyError, TypeError, ValueError):  # a forged header
        return None
    sure = bytearray(b"\xff" * SIZE)
    sure[FILE] = unknown
    return said, bytes(sure)


def _description(
    digest: str,
    file: bytes,
    n: int,
    box: Box,
    count: int,
    size: tuple[int, int],
    mode: Literal["RGB", "L"],
    stanzas: Sequence[Mapping[str, Any]],
) -> bytes:
    """The description of region n of `count`. digest: of the model, in hex."""
    return PixelDescription(
        model=bytes.fromhex(digest)[:4],
        file=file,
        count=count,
        n=n,
        x=box.x,
        y=box.y,
        w=box.w,
        h=box.h,
        size=size,
        photo_mode=mode,
        keys=len(stanzas),
        stanza=stanza_of(stanzas, n),
    ).to_bytes()
