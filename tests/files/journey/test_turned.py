"""Pictures that were turned or mirrored after they were protected."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import proface
from proface.types import Box
from tests.files.journey.jpegs import (
    BY_HAND,
    picture,
    save,
)
from tests.files.pictures import pixels, psnr


@pytest.mark.parametrize(
    "turn",
    [Image.Transpose.ROTATE_270, Image.Transpose.ROTATE_180, Image.Transpose.TRANSVERSE],
)
def test_a_picture_that_was_turned(
    turn: Image.Transpose, protected: Path, photo: Path, key: proface.Key
) -> None:
    """Services turn photos upright as their orientation says, and drop that."""
    copy = protected.with_name("turned.jpg")
    Image.open(protected).convert("RGB").transpose(turn).save(copy, quality=85)
    back = proface.recover(copy, key)
    assert back.turned
    (face,) = back.faces
    assert face.how == "full"
    original = np.asarray(Image.fromarray(pixels(photo)).transpose(turn))
    assert psnr(original[face.box.slices], np.asarray(back.image)[face.box.slices]) > 27
    back.save(protected.with_name("back.jpg"), overwrite=True)
    report = proface.verify(copy, key, original=photo)
    assert report.turned
    assert report.fault is not None


def test_a_scaled_picture_that_was_turned(key: proface.Key, tmp_path: Path) -> None:
    image = Image.new("RGB", (4032, 3024), (120, 130, 140))
    image.paste(picture(1400, 1400), (1000, 700))
    path = save(image, tmp_path / "photo.jpg")
    face = Box(1400, 760, 500, 600)
    proface.protect(path, key, replace(BY_HAND, regions=[face])).save(tmp_path / "p.jpg")
    small = Image.open(tmp_path / "p.jpg").resize((2048, 1536), Image.Resampling.LANCZOS)
    small.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "small.jpg", quality=85)
    (found,) = proface.recover(tmp_path / "small.jpg", key).faces
    assert found.how == "coarse"
    assert abs(found.box.h - 500 * 2048 / 4032) < 20


@pytest.mark.parametrize("turn", [Image.Transpose.ROTATE_90, Image.Transpose.FLIP_LEFT_RIGHT])
def test_a_lossless_picture_that_was_turned_with_its_header(
    turn: Image.Transpose, key: proface.Key, tmp_path: Path
) -> None:
    plain = replace(BY_HAND, jpeg=False)
    original = picture(333, 300)
    saved = proface.protect(original, key, plain)
    saved.save(tmp_path / "p.png")
    header = saved.header
    turned = Image.open(tmp_path / "p.png").transpose(turn)
    back = proface.recover(turned, key, header=header)
    assert back.turned
    assert back.verified
    expected = np.asarray(original.transpose(turn))
    outside = np.ones(expected.shape[:2], bool)
    for one in back.faces:
        outside[one.box.slices] = False
        assert psnr(expected[one.box.slices], np.asarray(back.image)[one.box.slices]) > 35
    np.testing.assert_array_equal(expected[outside], np.asarray(back.image)[outside])
