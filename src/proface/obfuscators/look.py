"""What a look is: `Look` is one choice of a user, `LookKind` is what a look's file declares."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from proface.errors import UsageError
from proface.geometry import Face

if TYPE_CHECKING:
    from proface.obfuscators.targets import Target

Pixels = NDArray[np.uint8]

PAPER_SIDE = 256  # the side of the crops for which strengths are stated


@dataclass(frozen=True)
class Look:
    """A look and its strength: `str()` gives its canonical form, which `get_look` reads again.

    `strength` is a number in pixels of a 256 px region, or a sticker's name. `sticker` holds the
    bytes of a user's own PNG, `target` a face to show from a user's photo: the canonical form of
    both, "mask:custom", tells nothing about the file.
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
    meaning: str  # what the strength says
    default: str  # the strength when none is given; "" where the user must say
    range: str  # the strengths that are allowed, for people
    leaks: str  # what the look gives away by itself
    parse: Callable[[str], Look]
    apply: Callable[[Pixels, Look, Sequence[Face]], Pixels]


def scale_of(pixels: NDArray[Any]) -> float:
    """How much larger the region is than the 256 x 256 for which strengths are stated."""
    height, width = pixels.shape[:2]
    return math.sqrt(width * height) / PAPER_SIDE


def parse_number(name: str, text: str, low: float, high: float, *, whole: bool) -> int | float:
    """A strength between `low` and `high`, or a UsageError that names them."""
    try:
        # As the canonical form shows it, so that reading that form again gives the same look.
        value = float(f"{float(text):g}")
    except ValueError:
        value = math.nan
    if not low <= value <= high or (whole and value != int(value)):
        kind = "a whole number" if whole else "a number"
        raise UsageError(f"look {name}:{text}: the strength is {kind} from {low:g} to {high:g}")
    return int(value) if whole else value
