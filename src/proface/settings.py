"""How to protect a photo: everything but the photo and the key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from proface.geometry import Box

DEFAULT_LOOK = "pixelate"


@dataclass(frozen=True)
class Settings:
    """How to protect.

    Attributes:
        look: name and strength, "pixelate:20".
        detect: search for faces; False leaves only `regions`.
        threshold: the least score of a face, 0..1.
        expand: how far a region reaches beyond the face, as a part of the face's size.
        skip: numbers of detected faces to leave as they are, from 1.
        regions: further boxes to protect.
        deniable: no tag in the file tells whether a password is right.
        exact: seal the regions' original pixels, so that they come back bit for bit.
        keep_metadata: leave EXIF and XMP readable instead of sealing them.
        again: add regions to a photo that is protected already.
        model: name of the flow.
    """

    look: str = DEFAULT_LOOK
    detect: bool = True
    threshold: float = 0.6
    expand: float = 0.35
    skip: Sequence[int] = ()
    regions: Sequence[Box] = ()
    deniable: bool = False
    exact: bool = False
    keep_metadata: bool = False
    again: bool = False
    model: str = "padded"
