"""The picture of these tests, and what happens to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from skimage.data import astronaut

import proface
from proface.media.jpeg import read_jpeg
from proface.types import Box

ARTIST, DATE, ORIENTATION = 0x013B, 0x0132, 0x0112
FACE = Box(150, 30, 180, 200)
BY_HAND = proface.Options(jpeg=True, look="blur:25", detect=False, regions=[FACE])


def picture(width: int = 512, height: int = 512) -> Image.Image:
    return Image.fromarray(astronaut()).resize((width, height), Image.Resampling.LANCZOS)


def save(image: Image.Image, path: Path, **how: Any) -> Path:
    image.save(path, **({"quality": 90} | how))
    return path


def coefficients(path: Path) -> list[np.ndarray]:
    return list(read_jpeg(path).coefficients.planes)


def changed(
    path: Path, kind: str = "JPEG", *, box: tuple[int, ...] | None = None, **how: Any
) -> Path:
    """The picture of a file, saved again without any metadata."""
    target = path.with_name(f"changed.{kind.lower()}")
    image = Image.open(path).convert("RGB")
    if box:
        image = image.crop(box)
    image.save(target, kind, **how)
    return target
