"""What services do to a picture, to try whether the faces survive it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from proface.errors import UsageError
from proface.media.photo import fitted
from proface.types import Pixels

NONE = "none"
SHARED_SIDE = 2048  # pixels of the longer side that large services keep


@dataclass(frozen=True)
class Distortion:
    """A change of a picture that its faces must survive.

    Attributes:
        name: as given: "jpeg:75".
        apply: the change, of a picture H x W x 3; the result may be smaller.
        coarse_counts: whether it leaves no more than a coarse face, so that this is enough.
    """

    name: str
    apply: Callable[[Pixels], Pixels]
    coarse_counts: bool = False


def parse_distortion(text: str) -> Distortion | None:
    """Parse "jpeg:75", "webp:80", "share" or "none" (None).

    Raises:
        UsageError: it is none of these.
    """
    if text == NONE:
        return None
    if text == "share":
        return Distortion(
            text, lambda pixels: saved(fitted(pixels, SHARED_SIDE), "JPEG", quality=75), True
        )
    match = re.fullmatch(r"(jpeg|webp):(\d{1,3})", text)
    if match is None or not 1 <= int(match[2]) <= 100:
        raise UsageError(
            f"Option `survive` {text}: give jpeg:75 or another quality, webp:80, share or none."
        )
    kind, quality = match[1].upper(), int(match[2])
    # WebP predicts and filters: of what it leaves, a complete face cannot be read.
    return Distortion(text, lambda pixels: saved(pixels, kind, quality=quality), kind == "WEBP")


def saved(pixels: Pixels, kind: str, **options: object) -> Pixels:
    """The picture after writing and reading back a file. kind, options: Pillow's; "JPEG"."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, kind, **options)
    with Image.open(file) as image:
        return np.array(image.convert("RGB"))
