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
    ORIENTATION,
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
    for size in ((4032, 3024), (3024, 4032)):  # as stored, or as it is seen
        back = proface.recover(tmp_path / "small.jpg", key, original_size=size)
        assert [one.how for one in back.faces] == ["coarse"]


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


def test_the_coarse_picture_shows_faces_best_however_the_photo_is_stored(
    key: proface.Key, tmp_path: Path
) -> None:
    """Its bytes go to the faces, which are found upright, and coded as the file stores them."""
    upright, found = picture(768, 768), []
    options = proface.Options(jpeg=True, look="blur:25", expand=2.0)  # a small face in a region
    for orientation, turn in ((1, None), (6, Image.Transpose.ROTATE_90)):
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        stored = upright if turn is None else upright.transpose(turn)
        path = save(stored, tmp_path / f"{orientation}.jpg", exif=exif)
        saved = proface.protect(path, key, options)
        saved.save(tmp_path / "p.jpg", overwrite=True, check=False)
        small = Image.open(tmp_path / "p.jpg").resize((384, 384), Image.Resampling.LANCZOS)
        back = proface.recover(small, key, header=saved.header)
        assert [face.how for face in back.faces] == ["coarse"]
        x, y, w, h = (side // 2 for side in (lambda b: (b.x, b.y, b.w, b.h))(saved.faces[0].box))
        half = np.asarray(upright.resize((384, 384), Image.Resampling.BOX))
        face = slice(y, y + h), slice(x, x + w)
        found.append(psnr(half[face], np.asarray(back.image)[face]))
    assert min(found) > 25.5
    assert found[1] > found[0] - 0.5


@pytest.mark.parametrize("change", ["turned", "cropped"])
def test_a_picture_that_was_changed_to_the_same_shape_with_its_header(
    change: str, protected: Path, key: proface.Key
) -> None:
    """What a header says of the places is wrong then, and nothing in the sizes shows it."""
    header = proface.recover(protected, key).header
    picture = Image.open(protected).convert("RGB")
    w, h = picture.size
    if change == "turned":
        picture = picture.transpose(Image.Transpose.ROTATE_180)
    else:
        picture = picture.crop((16, 16, w, h))
    copy = protected.with_name("changed.jpg")
    picture.save(copy, quality=95)
    back = proface.recover(copy, key, header=header)
    assert [face.how for face in back.faces] == ["full"]
    assert back.turned == (change == "turned")
