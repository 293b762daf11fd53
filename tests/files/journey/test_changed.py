"""What comes back after the file was changed, from the pixels alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import proface
from proface.errors import (
    DamagedFileError,
    NotProtectedError,
    WrongPasswordError,
)
from proface.files.face_keys import export_faces
from proface.types import Box
from tests.files.journey.jpegs import (
    BY_HAND,
    FACE,
    changed,
    coefficients,
    picture,
    save,
)
from tests.files.pictures import pixels, psnr


@pytest.mark.parametrize("look", ["blur:25", "pixelate:32", "mask"])
@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("JPEG", {"quality": 95}),
        ("JPEG", {"quality": 75}),
        ("JPEG", {"quality": 70, "subsampling": "4:4:4"}),
        ("JPEG", {"quality": 75, "progressive": True}),
        ("PNG", {}),
    ],
)
def test_a_face_comes_back_from_the_pixels_alone(
    look: str, kind: str, how: dict[str, Any], photo: Path, key: proface.Key, tmp_path: Path
) -> None:
    path = tmp_path / "p.jpg"
    proface.protect(photo, key, replace(BY_HAND, look=look)).save(path)
    back = proface.recover(changed(path, kind, **how), key)
    (face,) = back.faces
    assert face.how == "full"
    area = face.box.slices
    assert psnr(pixels(photo)[area], np.asarray(back.image)[area]) > 27


@pytest.mark.parametrize("offset", [(3, 5), (16, 0), (31, 17)])
def test_a_screenshot_cropped_at_any_offset(
    offset: tuple[int, int], protected: Path, photo: Path, key: proface.Key
) -> None:
    x, y = offset
    shot = changed(protected, "PNG", box=(x, min(y, 10), 480, 470))
    back = proface.recover(shot, key)
    (face,) = back.faces
    assert face.how == "full"
    area = face.box.slices
    original = pixels(photo)[min(y, 10) : 470, x:480]
    assert psnr(original[area], np.asarray(back.image)[area]) > 27


def test_a_wrong_key_is_told_without_a_header(protected: Path) -> None:
    with pytest.raises(WrongPasswordError):
        proface.recover(changed(protected, quality=75), proface.Key.generate())


def test_keys_of_single_faces_open_them_without_a_header(
    photo: Path, key: proface.Key, tmp_path: Path
) -> None:
    two = replace(BY_HAND, regions=[FACE, Box(340, 300, 130, 130)])
    proface.protect(photo, key, two).save(tmp_path / "p.jpg")
    one = export_faces(tmp_path / "p.jpg", key, [2])
    sent = changed(tmp_path / "p.jpg", quality=80)
    back = proface.recover(sent, one)
    assert (back.opened, [region.n for region in back.closed]) == ((2,), [1])
    original, seen = pixels(photo), np.asarray(back.image)
    assert psnr(original[320:400, 360:440], seen[320:400, 360:440]) > 25
    assert psnr(original[FACE.slices], seen[FACE.slices]) < 25
    proface.protect(photo, key, two).save(tmp_path / "other.jpg")
    with pytest.raises(WrongPasswordError):  # the same face of another file
        proface.recover(changed(tmp_path / "other.jpg", quality=80), one)


def test_two_protections_of_one_photo(photo: Path, key: proface.Key, tmp_path: Path) -> None:
    first, second = tmp_path / "1.jpg", tmp_path / "2.jpg"
    proface.protect(photo, key, BY_HAND).save(first)
    other = proface.Key.generate()
    more = replace(BY_HAND, regions=[Box(340, 300, 130, 130)], again=True)
    proface.protect(first, other, more).save(second)
    inner = proface.recover(second, other)
    assert inner.still is not None
    inner.save(tmp_path / "back1.jpg")
    np.testing.assert_array_equal(coefficients(tmp_path / "back1.jpg")[0], coefficients(first)[0])
    sent = changed(second, quality=80)
    for one, n in ((key, 1), (other, 1)):
        back = proface.recover(sent, one)
        assert [face.how for face in back.faces] == ["full"]
        assert len(back.closed) == n


def test_ordinary_pictures_are_not_protected(key: proface.Key, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    for n, image in enumerate((picture(), Image.fromarray(noise))):
        with pytest.raises(NotProtectedError, match="no protected region"):
            proface.recover(save(image, tmp_path / f"{n}.jpg", quality=75), key)


def test_what_was_destroyed_is_told(protected: Path, key: proface.Key) -> None:
    sidecar = proface.recover(protected, key).header
    ruined = Image.open(changed(protected, quality=10))
    with pytest.raises(DamagedFileError, match="face 1: damaged beyond"):
        proface.recover(ruined, key, header=sidecar)


def test_a_coarse_face_is_enough_after_webp(key: proface.Key, tmp_path: Path) -> None:
    photo = save(picture(1280, 1280), tmp_path / "a.jpg")
    large = replace(BY_HAND, survive="webp:80", regions=[Box(368, 64, 512, 528)])
    proface.protect(photo, key, large).save(tmp_path / "p.jpg")
    back = proface.recover(changed(tmp_path / "p.jpg", "WEBP", quality=80), key)
    assert [face.how for face in back.faces] == ["coarse"]
