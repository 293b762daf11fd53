"""Images to measure on, and what a saved file makes of them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from proface.errors import UsageError

Pixels = npt.NDArray[np.uint8]
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def find(folder: Path, most: int | None = None) -> list[Path]:
    """At most `most` images below a folder, evenly over their sorted names; None for all.

    Raises:
        UsageError: there are none.
    """
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    if not paths:
        raise UsageError(f"{folder}: no images there. Name another folder.")
    return paths[:: -(-len(paths) // (most or len(paths)))]


def load(path: Path, side: int) -> Pixels:
    """An image, side x side x 3."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.LANCZOS))


def saved(pixels: Pixels, suffix: str = "PNG", **options: object) -> Pixels:
    """The pixels as a file gives them back; `options` are Pillow's."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, suffix, **options)
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))
