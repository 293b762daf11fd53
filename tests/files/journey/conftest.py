"""A JPEG of one face, and the same protected: made once for each file of tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import proface
from tests.files.journey.jpegs import (
    ARTIST,
    BY_HAND,
    DATE,
    picture,
    save,
)


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    exif = Image.Exif()
    exif[ARTIST], exif[DATE] = "A. Photographer", "2024:05:06 07:08:09"
    return save(picture(), tmp_path_factory.mktemp("photos") / "photo.jpg", exif=exif)


@pytest.fixture(scope="module")
def protected(photo: Path, key: proface.Key) -> Path:
    path = photo.with_name("protected.jpg")
    proface.protect(photo, key, BY_HAND).save(path)
    return path
