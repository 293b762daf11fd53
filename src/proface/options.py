"""Options of protection and their defaults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from proface.errors import UsageError
from proface.types import Box


@dataclass(frozen=True)
class Options:
    """How to protect a photo.

    Attributes:
        look: name and strength, "pixelate:40"; "mask:star"; "swap:face.jpg", a photo of a face.
        detect: detect faces; False protects only `regions`.
        threshold: the minimum score of a face, 0..1.
        careful: protect possible faces below the threshold too.
        expand: how far a region extends beyond the face, as a fraction of the face's size.
        skip: numbers of detected faces to leave unprotected, from 1.
        regions: additional boxes to protect.
        deniable: nothing in the file reveals whether a password is correct.
        jpeg: make a JPEG file. Regions lie on its blocks, and everything outside them stays as it
            is in a JPEG that is the source.
        quality: of a JPEG from another kind of photo, 1 to 100.
        survive: what the faces must survive before the file is written, where the flow can:
            "jpeg:75", "webp:80", "share" (scaled to 2048 pixels, then JPEG 75) or "none".
        fit: scale the photo first so that its longer side has at most so many pixels: services
            that scale to this size then do not. `regions` are those of the photo as it comes.
        exact: seal the regions' originals for bit-exact recovery; by default only if a JPEG becomes
            a JPEG, where this costs little.
        keep_metadata: leave time and camera readable in EXIF; everything is sealed nevertheless.
        keep_place: with `keep_metadata`, leave the place readable too.
        again: add regions to a photo that is protected already.
        carry: of a video: "sealed" keeps each face as an encrypted stream beside an ordinary
            picture, "pixels" hides it in the pixels of a lossless one.
        crf: quality of a video's picture with carry "sealed", 0 (best) to 51.
        keep: photos of people to leave unprotected.
        only: photos of people; nobody else is protected.
        model: name of the flow, as listed by `proface models`; by default `padded`, and for JPEG
            files `robust`.
    """

    look: str = "pixelate"
    detect: bool = True
    threshold: float = 0.5
    careful: bool = False
    expand: float = 0.35
    skip: Sequence[int] = ()
    regions: Sequence[Box] = ()
    deniable: bool = False
    jpeg: bool = False
    quality: int = 92
    survive: str = "jpeg:75"
    fit: int | None = None
    exact: bool | None = None
    keep_metadata: bool = False
    keep_place: bool = False
    again: bool = False
    model: str | None = None
    carry: Literal["sealed", "pixels"] = "sealed"
    crf: int = 25
    keep: Sequence[str] = ()
    only: Sequence[str] = ()

    def __post_init__(self) -> None:
        for box in self.regions:
            if not isinstance(box, Box):
                raise UsageError("Option `regions`: give boxes, as proface.types.Box(x, y, w, h).")

    @property
    def model_name(self) -> str:
        """The model, given or by default."""
        return self.model or ("robust" if self.jpeg else "padded")
