"""JPEGs from before detail layers were shaped: a region of 256 x 336 pixels with a plain one.

Made with `proface protect --no-exact` and, the second, saved again at quality 80: a crop of the
astronaut, "correct horse battery staple".
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

import proface

from .pictures import psnr

FOLDER = Path(__file__).parent / "plain_detail"
ORIGINAL = np.asarray(Image.fromarray(astronaut()[:256, 96:352]).resize((384, 384), 1))


@pytest.mark.parametrize("name", ["header.jpg", "stripped.jpg"])
def test_the_complete_face_comes_back(name: str) -> None:
    key = proface.Key.from_password("correct horse battery staple")
    back = proface.recover(FOLDER / name, key)

    assert [face.how for face in back.faces] == ["full"]
    assert psnr(back.photo.as_pixels().pixels, ORIGINAL) > 34
