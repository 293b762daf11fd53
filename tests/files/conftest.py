"""A photo of one face, and the same protected: made once for each file of tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from skimage.data import astronaut

import proface
from proface.files.protect import Protected

ARTIST, DATE = 0x013B, 0x0132


@pytest.fixture(scope="module")
def key() -> proface.Key:
    return proface.Key.generate()


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A JPEG with a face, a name and a date."""
    path = tmp_path_factory.mktemp("photos") / "photo.jpg"
    exif = Image.Exif()
    exif[ARTIST], exif[DATE] = "A. Photographer", "2024:05:06 07:08:09"
    Image.fromarray(astronaut()).save(path, quality=95, exif=exif)
    return path


@pytest.fixture(scope="module")
def result(photo: Path, key: proface.Key) -> Protected:
    return proface.protect(photo, key, proface.Options(look="pixelate"))


@pytest.fixture(scope="module")
def protected(result: Protected, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("protected") / "photo.png"
    result.save(path)
    return path
