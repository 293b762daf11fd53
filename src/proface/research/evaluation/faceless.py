"""A hundred pictures without a face, to count false alarms: made here, and shipped by scikit-image.

Made with a fixed seed: smoothed noise of several grains, fractal clouds and landscapes, gradients,
stripes, checks, cells, scattered discs and pages of text.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from proface.types import Pixels

SHIPPED = (
    "brick", "cell", "chelsea", "coffee", "coins", "grass", "gravel", "horse",
    "hubble_deep_field", "immunohistochemistry", "moon", "page", "retina", "rocket", "text",
)  # fmt: skip
MADE = 70
WORDS = ("no", "face", "is", "on", "this", "page", "but", "o", "8", "%", "&", "@", "and", "text")


def faceless() -> Iterator[tuple[str, Pixels]]:
    """A hundred pictures: name, uint8 H x W x 3."""
    import cv2
    from skimage import data

    for name in SHIPPED:
        picture = np.asarray(getattr(data, name)())
        picture = picture.astype(np.uint8) * 255 if picture.dtype == bool else picture
        picture = np.stack([picture] * 3, 2) if picture.ndim == 2 else picture[..., :3]
        shrink = min(1.0, 800 / max(picture.shape[:2]))
        size = round(picture.shape[1] * shrink), round(picture.shape[0] * shrink)
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
        yield name, picture
        yield f"{name}, turned over", np.ascontiguousarray(picture[::-1])
    kinds = (_noise, _clouds, _landscape, _gradient, _stripes, _discs, _text)
    for number in range(MADE):
        kind = kinds[number % len(kinds)]
        generator = np.random.default_rng(number)
        made = np.clip(kind(generator, number // len(kinds)), 0, 255).astype(np.uint8)
        yield f"{kind.__name__[1:]} {number // len(kinds)}", made


HEIGHT, WIDTH = 480, 640
Floats = NDArray[np.floating]


def _noise(generator: np.random.Generator, step: int) -> Floats:
    import cv2

    noise = generator.normal(0, 1, (HEIGHT, WIDTH, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 0.5 + step)
    return np.asarray(128 + 60 * smooth / smooth.std())


def _field(generator: np.random.Generator, height: int, width: int, power: float) -> Floats:
    """A random field whose spectrum falls with the frequency's power, of unit variance."""
    fy, fx = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    falls = np.maximum(np.hypot(fy, fx), 1 / width) ** -power
    phases = generator.normal(size=falls.shape) + 1j * generator.normal(size=falls.shape)
    field = np.fft.irfft2(phases * falls, (height, width))
    return np.asarray((field - field.mean()) / field.std())


def _clouds(generator: np.random.Generator, step: int) -> Floats:
    field = _field(generator, HEIGHT, WIDTH, 1 + step / 8)[..., None]
    return np.asarray(np.array([150, 165, 190]) + field * np.array([45, 40, 30]))


def _landscape(generator: np.random.Generator, step: int) -> Floats:
    """Sky, and ranges of hills in front of each other, with texture."""
    rows = np.arange(HEIGHT)[:, None, None]
    picture = np.array([120.0, 160, 220]) + rows / HEIGHT * np.array([90, 60, 20.0])
    picture = np.repeat(picture, WIDTH, 1)
    for layer in range(3 + step % 3):
        ridge = HEIGHT * (0.35 + 0.15 * layer) + 30 * _field(generator, 1, WIDTH, 1.2)[0]
        ground = generator.uniform(30, 120, 3) * np.array([0.9, 1.1, 0.6])
        texture = 18 * _field(generator, HEIGHT, WIDTH, 0.8)[..., None]
        picture = np.where(rows > ridge[None, :, None], ground + texture, picture)
    return np.asarray(picture)


def _gradient(generator: np.random.Generator, step: int) -> Floats:
    angle = generator.uniform(0, 2 * np.pi)
    y, x = np.mgrid[:HEIGHT, :WIDTH] / WIDTH
    along = (np.cos(angle) * x + np.sin(angle) * y)[..., None]
    if step % 2:
        along = np.hypot(x - 0.5, y - 0.4)[..., None]
    return np.asarray(
        generator.uniform(0, 255, 3) * (1 - along) + generator.uniform(0, 255, 3) * along
    )


def _stripes(generator: np.random.Generator, step: int) -> Floats:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    period = 4 * (step + 2)
    waves = np.sin(2 * np.pi * x / period) * (np.sin(2 * np.pi * y / period) if step % 2 else 1)
    return np.asarray(128 + waves[..., None] * generator.uniform(-110, 110, 3))


def _discs(generator: np.random.Generator, step: int) -> Floats:
    import cv2

    canvas = np.full((HEIGHT, WIDTH, 3), generator.uniform(60, 220, 3))
    for _disc in range(20 + 10 * step):
        centre = int(generator.integers(WIDTH)), int(generator.integers(HEIGHT))
        colour = tuple(generator.uniform(0, 255, 3).tolist())
        cv2.circle(canvas, centre, int(generator.integers(3, 40)), colour, -1, cv2.LINE_AA)
    return canvas


def _text(generator: np.random.Generator, step: int) -> Floats:
    import cv2

    canvas = np.full((HEIGHT, WIDTH, 3), 245.0)
    scale = 0.35 + 0.12 * step
    for y in range(20, HEIGHT, round(34 * scale) + 4):
        line = " ".join(generator.choice(WORDS, 14))
        cv2.putText(canvas, line, (12, y), cv2.FONT_HERSHEY_COMPLEX, scale, (20, 20, 25), 1)
    return canvas
