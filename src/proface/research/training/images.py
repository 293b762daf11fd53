"""Training images: random resizing, colour augmentation and sharpening."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from proface.research.evaluation.images import load
from proface.types import Pixels

_SHARP = 0.4  # of the images are sharpened
# Pillow's errors for files that are damaged, too large, or missing.
UNREADABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)


def load_for_crops(path: Path, least: int, generator: np.random.Generator) -> Pixels:
    """An image resized at random, at least `least` on a side, and mirrored at random.

    Shrinking gives detail up to the highest frequency, which upscaled photos lack; faces in the
    wild have both.
    """
    with Image.open(path) as image:
        largest = max(least, min(image.size))
    size = int(np.exp(generator.uniform(np.log(least), np.log(largest))))
    pixels = load(path, size)
    return pixels[:, ::-1] if generator.random() < 0.5 else pixels


def some_vivid(
    image: Pixels, generator: np.random.Generator, *, part: float, above: int, least: int
) -> Pixels:
    """The image, for a part of those with sides above a limit with colour augmentation.

    Args:
        part: of the images, 0 to 1.
        above: pixels that the shorter side must exceed.
        least: pixels that it keeps.
    """
    side = min(image.shape[:2])
    if generator.random() < part and side > above:
        return vivid(image, generator, least / side)
    return image


def vivid(image: Pixels, generator: np.random.Generator, least: float = 0.15) -> Pixels:
    """Colour augmentation: the image shrunk, saturated and with a random hue.

    It imitates patterned clothes and foliage, which are rare in face data sets and common in
    portraits; without it the fit allocates hardly any bits to fine colour. The image shrinks by a
    random factor, `least` to 0.6.
    """
    factor = generator.uniform(least, max(least, 0.6))
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    levels = small.astype(np.float32)
    grey = levels.mean(2, keepdims=True)
    angle = generator.uniform(0, 2 * np.pi)
    # Rotation about the grey axis (1, 1, 1): changes the hue and keeps the lightness.
    a, b = np.cos(angle), np.sin(angle) / np.sqrt(3)
    rotation = np.array([[0, -b, b], [b, 0, -b], [-b, b, 0]]) + a * np.eye(3)
    chroma = (levels - grey) @ rotation.T * generator.uniform(0.7, 3)
    contrast = grey.mean() + (grey - grey.mean()) * generator.uniform(0.8, 1.8)
    return np.asarray(np.clip(np.rint(contrast + chroma), 0, 255), np.uint8)


def some_sharp(image: Pixels, generator: np.random.Generator) -> Pixels:
    """The image, for two of five images sharpened, at random.

    Portraits from good lenses, with hair, leaves and patterned cloth, have two to four times the
    fine detail of face data sets.
    """
    if generator.random() >= _SHARP:
        return image
    levels = image.astype(np.float32)
    blurred = cv2.GaussianBlur(levels, (0, 0), generator.uniform(0.8, 2.0))
    amount = np.exp(generator.uniform(np.log(0.5), np.log(3.0)))
    sharpened = levels + amount * (levels - blurred)
    return np.asarray(np.clip(np.rint(sharpened), 0, 255), np.uint8)
