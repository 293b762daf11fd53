"""JPEG in, JPEG out: what stays as it was, and comes back from an untouched file."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import proface
from proface.errors import (
    CheckFailedError,
    OutputError,
    UnsupportedImageError,
    UsageError,
)
from proface.types import Box
from tests.files.journey.jpegs import (
    ARTIST,
    BY_HAND,
    FACE,
    ORIENTATION,
    changed,
    coefficients,
    picture,
    save,
)
from tests.files.pictures import pixels, psnr

KINDS: dict[str, tuple[dict[str, Any], tuple[int, int]]] = {
    "baseline": ({}, (512, 512)),
    "progressive": ({"progressive": True}, (512, 512)),
    "4:4:4": ({"subsampling": "4:4:4"}, (512, 512)),
    "4:2:2": ({"subsampling": "4:2:2"}, (512, 512)),
    "restart": ({"restart_marker_rows": 2}, (512, 512)),
    "odd": ({}, (509, 397)),
}


@pytest.mark.parametrize("kind", [*KINDS, "grey"])
def test_outside_the_regions_every_coefficient_stays_and_all_come_back(
    kind: str, key: proface.Key, tmp_path: Path
) -> None:
    how, size = KINDS.get(kind, ({}, (512, 512)))
    image = picture(*size).convert("L" if kind == "grey" else "RGB")
    photo = save(image, tmp_path / "a.jpg", **how)
    result = proface.protect(photo, key, BY_HAND)
    result.save(tmp_path / "p.jpg")
    (region,) = result.regions
    before, after = coefficients(photo), coefficients(tmp_path / "p.jpg")
    for plane, old in enumerate(before):
        rows, columns = old.shape[:2]
        down, across = -(-size[1] // rows), -(-size[0] // columns)
        down, across = 8 * round(down / 8), 8 * round(across / 8)
        inside = np.zeros((rows, columns), bool)
        inside[
            region.y // down : -(-(region.y + region.h) // down),
            region.x // across : -(-(region.x + region.w) // across),
        ] = True
        np.testing.assert_array_equal(after[plane][~inside], old[~inside])
        assert (after[plane][inside] != old[inside]).any()
    proface.recover(tmp_path / "p.jpg", key).save(tmp_path / "r.jpg")
    for old, new in zip(before, coefficients(tmp_path / "r.jpg"), strict=True):
        np.testing.assert_array_equal(old, new)


def test_metadata_is_sealed_and_comes_back(photo: Path, protected: Path, key: proface.Key) -> None:
    assert b"Photographer" not in protected.read_bytes()
    assert dict(Image.open(protected).getexif()) == {}
    back = photo.with_name("back.jpg")
    proface.recover(protected, key).save(back)
    assert Image.open(back).getexif()[ARTIST] == "A. Photographer"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_stays_a_tag_and_regions_lie_in_the_upright_picture(
    orientation: int, key: proface.Key, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    photo = save(picture(397, 509), tmp_path / "a.jpg", exif=exif)
    proface.protect(photo, key, BY_HAND).save(tmp_path / "p.jpg")
    assert Image.open(tmp_path / "p.jpg").getexif().get(ORIENTATION, 1) == orientation
    original, hidden = pixels(photo), pixels(tmp_path / "p.jpg")
    assert psnr(original[FACE.slices], hidden[FACE.slices]) < 25
    far = np.ones(original.shape[:2], bool)
    far[0 : FACE.y + FACE.h + 32, FACE.x - 32 : FACE.x + FACE.w + 32] = False
    np.testing.assert_array_equal(original[far], hidden[far])
    back = proface.recover(tmp_path / "p.jpg", key)
    np.testing.assert_array_equal(np.asarray(back.image), original)


def test_a_face_at_the_corner_of_an_odd_picture(key: proface.Key, tmp_path: Path) -> None:
    photo = save(picture(509, 397), tmp_path / "a.jpg")
    corner = replace(BY_HAND, regions=[Box(380, 280, 129, 117)])
    result = proface.protect(photo, key, corner)
    assert (
        result.regions[0].x + result.regions[0].w,
        result.regions[0].y + result.regions[0].h,
    ) == (
        509,
        397,
    )
    result.save(tmp_path / "p.jpg")
    back = proface.recover(changed(tmp_path / "p.jpg", quality=80), key)
    area = result.regions[0].box.slices
    assert psnr(pixels(photo)[area], np.asarray(back.image)[area]) > 24


def test_another_kind_of_photo_becomes_a_jpeg(key: proface.Key, tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png")
    result = proface.protect(tmp_path / "a.png", key, replace(BY_HAND, quality=85))
    result.save(tmp_path / "p.jpg")
    assert not result.header.sealed
    assert proface.recover(tmp_path / "p.jpg", key).faces[0].how == "full"
    with pytest.raises(OutputError, match=r"Write \.jpg"):
        result.save(tmp_path / "p.png")
    lossless = proface.protect(tmp_path / "a.png", key, replace(BY_HAND, jpeg=False))
    with pytest.raises(OutputError, match=r"\.png.* with Options\(jpeg=True\)"):
        lossless.save(tmp_path / "q.jpg")


def test_the_check_before_writing(photo: Path, key: proface.Key, tmp_path: Path) -> None:
    hopeless = replace(BY_HAND, survive="jpeg:5")
    named = rf"{re.escape(str(photo))}: face 1 would not survive jpeg:5"
    with pytest.raises(CheckFailedError, match=named):
        proface.protect(photo, key, hopeless).save(tmp_path / "p.jpg")
    assert not (tmp_path / "p.jpg").exists()


def test_a_photo_scaled_first(photo: Path, key: proface.Key, tmp_path: Path) -> None:
    fitted = proface.Options(jpeg=True, look="blur:25", fit=400)
    result = proface.protect(photo, key, fitted)
    assert result.photo.size == (400, 400)
    result.save(tmp_path / "p.jpg")
    assert proface.recover(changed(tmp_path / "p.jpg", quality=75), key).faces[0].how == "full"


def test_regions_are_those_of_the_photo_as_it_comes(photo: Path, key: proface.Key) -> None:
    with Image.open(photo) as image:
        width, height = image.size
    box = Box(width // 2, height // 4, width // 2 - 3, height // 3)
    options = proface.Options(
        jpeg=True, look="blur:25", detect=False, regions=[box], fit=width // 2
    )
    region = proface.protect(photo, key, options).header.regions[0]
    assert region.x <= box.x / 2
    assert region.y <= box.y / 2
    assert region.x + region.w >= (box.x + box.w) / 2
    assert region.y + region.h >= (box.y + box.h) / 2
    assert region.w < box.w

    outside = replace(options, regions=[Box(width + 20, 0, 64, 64)])
    with pytest.raises(UsageError, match=f"{width + 20},0 is outside"):
        proface.protect(photo, key, outside)


def test_what_cannot_be_done_is_named(photo: Path, key: proface.Key, tmp_path: Path) -> None:
    picture().convert("RGBA").putalpha(100)
    clear = picture()
    clear.putalpha(100)
    clear.save(tmp_path / "clear.png")
    with pytest.raises(UnsupportedImageError, match="transparency"):
        proface.protect(tmp_path / "clear.png", key, BY_HAND)
    with pytest.raises(UsageError, match="deniable"):
        proface.protect(photo, key, replace(BY_HAND, deniable=True))
    with pytest.raises(UsageError, match="does not survive JPEG"):
        proface.protect(photo, key, replace(BY_HAND, model="padded"))
    for wrong in ({"survive": "mpeg"}, {"fit": 3}, {"quality": 0}):
        with pytest.raises(UsageError):
            proface.protect(photo, key, replace(BY_HAND, **wrong))


def test_no_pad_repeats(photo: Path, key: proface.Key) -> None:
    one, other = (proface.protect(photo, key, BY_HAND) for _ in range(2))
    area = one.regions[0].box.slices
    assert (one.photo.pixels[area] != other.photo.pixels[area]).any()


def test_a_preview_in_the_metadata_does_not_show_the_face(key: proface.Key, tmp_path: Path) -> None:
    preview = io.BytesIO()
    picture(160, 160).save(preview, "JPEG")
    photo = save(picture(), tmp_path / "a.jpg")
    data = photo.read_bytes()
    photo.write_bytes(data + preview.getvalue())  # as MPF and motion photos have it
    proface.protect(photo, key, BY_HAND).save(tmp_path / "p.jpg")
    assert preview.getvalue()[:200] not in (tmp_path / "p.jpg").read_bytes()
