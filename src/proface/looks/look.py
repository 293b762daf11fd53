"""What a look is: `Look` is one choice of a user, `LookKind` is what a look's file declares."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from proface.errors import UsageError
from proface.faces.resize import shrunk
from proface.types import Face, Pixels

if TYPE_CHECKING:
    from proface.looks.swap_target import Target

PAPER_SIDE = 256  # the side of the crops for which strengths are stated
# The side of such a crop by the side of its face: that of a region at the default `expand`.
FACE_SHARE = math.sqrt((1 + 2 * 0.35) * (1 + 2.5 * 0.35))


@dataclass(frozen=True)
class Look:
    """A look and its strength: `str()` gives its canonical form, which `get_look` reads again.

    `strength` is a number in pixels of a 256 px region, or a sticker's name. `sticker` holds the
    bytes of a user's own PNG, `target` a face to show from a user's photo: the canonical form of
    both, "mask:custom", reveals nothing about the file.
    """

    name: str
    strength: int | float | str
    sticker: bytes | None = field(default=None, repr=False)
    target: Target | None = field(default=None, repr=False)

    def __str__(self) -> str:
        shown = self.strength if isinstance(self.strength, str) else f"{self.strength:g}"
        return f"{self.name}:{shown}"


@dataclass(frozen=True)
class LookKind:
    """One kind of look. A file in this folder that holds one, as LOOK, adds it.

    `parse` takes the text after the colon and gives the look, or raises UsageError. `apply`
    takes a region (uint8 H x W x 3, RGB, both sides 2 or more), a look of this kind, and the
    faces in coordinates of the region; it gives a new array of the same shape, always the same
    for the same input, and reads nothing outside the region.
    """

    name: str
    summary: str  # one line
    meaning: str  # what the strength measures
    default: str  # the strength when none is given; "" where one is required
    range: str  # the allowed strengths, in words
    leaks: str  # what still identifies a person under this look
    parse: Callable[[str], Look]
    apply: Callable[[Pixels, Look, Sequence[Face]], Pixels]


def scale_of(pixels: NDArray[Any]) -> float:
    """How much larger the region is than the 256 x 256 for which strengths are stated."""
    height, width = pixels.shape[:2]
    return math.sqrt(width * height) / PAPER_SIDE


def strength_scale(pixels: NDArray[Any], faces: Sequence[Face]) -> float:
    """How many pixels of this region one pixel of strength is.

    A region that fits its face tightly, or that the picture's edge cuts, would get a weaker look
    than the strength says: the scale is at least that of a region with the usual surroundings of
    its largest face. A box marked by hand may be as tight as a face's.
    """
    sides = [math.sqrt(face.box.w * face.box.h) for face in faces]
    usual = FACE_SHARE * max(sides, default=0) / PAPER_SIDE
    return max(scale_of(pixels), usual)


def number_look(
    *,
    low: float,
    high: float,
    apply: Callable[[Pixels, float], Pixels],
    whole: bool = True,
    odd: bool = False,
    **texts: str,
) -> LookKind:
    """A look whose strength is a number from `low` to `high`, in pixels of a 256 px region.

    `apply` takes the region and the strength in pixels of that region. `texts` are the fields of
    `LookKind` that describe the look.
    """
    name = texts["name"]

    def parse(text: str) -> Look:
        try:
            # Rounded as the canonical form shows it, so that reading that again gives this look.
            value = float(f"{float(text):g}")
        except ValueError:
            value = math.nan
        if not low <= value <= high or (whole and value != int(value)):
            kind = "a whole number" if whole else "a number"
            raise UsageError(f"look {name}:{text}: the strength is {kind} from {low:g} to {high:g}")
        number = int(value) if whole else value
        if odd and number % 2 == 0:
            raise UsageError(f"look {name}:{text}: the kernel is odd, such as {number + 1}")
        return Look(name, number)

    return LookKind(
        **texts,
        range=f"{low:g} to {high:g}{', odd' if odd else ''}",
        parse=parse,
        apply=lambda pixels, look, faces: apply(
            pixels, float(look.strength) * strength_scale(pixels, faces)
        ),
    )


def filter_shrunk(
    pixels: Pixels, factor: float, apply: Callable[[Pixels], Any], *, least: int = 1
) -> Pixels:
    """Filters a copy scaled by 1 / `factor`, if smaller, and enlarges the result to `pixels`."""
    import cv2

    out = apply(shrunk(pixels, factor, least=least))
    if factor > 1:
        out = cv2.resize(out, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(out)
