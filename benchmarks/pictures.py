"""Photos to measure with: the face of scikit-image's astronaut, pasted on a photograph."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image
from skimage import data


def make_photo(megapixels: float, faces: int, side: int) -> npt.NDArray[np.uint8]:
    """A photo, 4:3, with `faces` faces of about `side` pixels in two rows."""
    height = int(np.sqrt(megapixels * 1e6 * 3 / 4))
    width = height * 4 // 3
    coffee, astronaut = data.coffee(), data.astronaut()  # type: ignore[no-untyped-call]
    background = Image.fromarray(coffee).resize((width, height), Image.Resampling.BICUBIC)
    pixels: npt.NDArray[np.uint8] = np.array(background)
    noise = np.random.default_rng(0).integers(-3, 4, pixels.shape, np.int8)
    pixels = np.clip(pixels.astype(np.int16) + noise, 0, 255).astype(np.uint8)
    # The crop is four times the face in area, so that each face keeps its hair and collar.
    crop = Image.fromarray(astronaut[0:220, 120:340]).resize((side * 2, side * 2))
    per_row = -(-faces // 2)
    for i in range(faces):
        row, column = divmod(i, per_row)
        x = (2 * column + 1) * width // (2 * per_row) - side
        y = (2 * row + 1) * height // 4 - side
        pixels[y : y + 2 * side, x : x + 2 * side] = np.asarray(crop)
    return pixels
