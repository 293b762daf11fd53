"""The images that training sees: every photo below some folders, cut and scaled at random."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from proface.errors import UsageError

Pixels = npt.NDArray[np.uint8]
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
# What Pillow raises for files that are damaged, absurdly large, or gone.
UNREADABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)


def find_images(folders: Iterable[Path]) -> list[Path]:
    """All images below the folders, sorted.

    Raises:
        UsageError: there are none.
    """
    found = sorted(
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and path.is_file()
    )
    if not found:
        raise UsageError(f"No images below {', '.join(map(str, folders))}. Name another folder.")
    return found


def load(path: Path, size: int) -> Pixels:
    """One image, size x size x 3."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB").resize((size, size), Image.Resampling.LANCZOS))


def load_for_crops(path: Path, least: int, generator: np.random.Generator) -> Pixels:
    """An image scaled to a random size, at least `least` on a side, and mirrored at random.

    Shrinking below the source's size makes what upscaled photos lack: detail up to the finest
    frequency. Faces in the wild have both.
    """
    with Image.open(path) as image:
        largest = max(least, min(image.size))
    size = int(np.exp(generator.uniform(np.log(least), np.log(largest))))
    pixels = load(path, size)
    return pixels[:, ::-1] if generator.random() < 0.5 else pixels


def vivid(image: Pixels, generator: np.random.Generator, least: float = 0.15) -> Pixels:
    """The image as a patterned dress or sunlit leaves would be: small, saturated, of any hue.

    Sets of faces hold little of that, and portraits hold much; without it the fit gives fine
    colour hardly any bits. The image shrinks by a random factor, `least` to 0.6.
    """
    factor = generator.uniform(least, max(least, 0.6))
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    levels = small.astype(np.float32)
    grey = levels.mean(2, keepdims=True)
    angle = generator.uniform(0, 2 * np.pi)
    # Rotation about the grey axis (1, 1, 1), which turns the hue and keeps the lightness.
    a, b = np.cos(angle), np.sin(angle) / np.sqrt(3)
    rotation = np.array([[0, -b, b], [b, 0, -b], [-b, b, 0]]) + a * np.eye(3)
    chroma = (levels - grey) @ rotation.T * generator.uniform(0.7, 3)
    contrast = grey.mean() + (grey - grey.mean()) * generator.uniform(0.8, 1.8)
    return np.asarray(np.clip(np.rint(contrast + chroma), 0, 255), np.uint8)
