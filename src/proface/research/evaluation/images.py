"""Finding, loading and saving test images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from proface.errors import UsageError
from proface.pipeline.survival import saved
from proface.types import Pixels

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def find(folder: Path, most: int | None = None) -> list[Path]:
    """At most `most` images below a folder, evenly spaced over the sorted names; None for all.

    Raises:
        UsageError: there are none.
    """
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    if not paths:
        raise UsageError(f"{folder}: no images there. Name another folder.")
    return paths[:: -(-len(paths) // (most or len(paths)))]


def load(path: Path, side: int) -> Pixels:
    """An image resized to uint8 side x side x 3, RGB."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.LANCZOS))


def round_trip(pixels: Pixels, suffix: str = "PNG", **options: object) -> Pixels:
    """The pixels after writing and reading back a file; `options` are Pillow's."""
    return saved(pixels, suffix, **options)
