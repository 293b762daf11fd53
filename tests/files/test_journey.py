"""JPEG in, JPEG out: what stays as it was, and what comes back after the file was changed."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

import proface
from proface.errors import (
    CheckFailedError,
    DamagedFileError,
    NotProtectedError,
    OutputError,
    UnsupportedImageError,
    UsageError,
    WrongPasswordError,
)
from proface.files.face_keys import export_faces
from proface.media.jpeg import read_jpeg
from proface.types import Box
from tests.files.pictures import pixels, psnr

ARTIST, DATE, ORIENTATION = 0x013B, 0x0132, 0x0112
FACE = Box(150, 30, 180, 200)
BY_HAND = proface.Options(jpeg=True, look="blur:25", detect=False, regions=[FACE])


@pytest.fixture(scope="module")
def key() -> proface.Key:
    return proface.Key.generate()


def picture(width: int = 512, height: int = 512) -> Image.Image:
    return Image.fromarray(astronaut()).resize((width, height), Image.Resampling.LANCZOS)


def save(image: Image.Image, path: Path, **how: Any) -> Path:
    image.save(path, **({"quality": 90} | how))
    return path


def coefficients(path: Path) -> list[np.ndarray]:
    return list(read_jpeg(path).coefficients.planes)


def changed(
    path: Path, kind: str = "JPEG", *, box: tuple[int, ...] | None = None, **how: Any
) -> Path:
    """The picture of a file, saved again without any metadata."""
    target = path.with_name(f"changed.{kind.lower()}")
    image = Image.open(path).convert("RGB")
    if box:
        image = image.crop(box)
    image.save(target, kind, **how)
    return target


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


def test_a_coarse_face_is_enough_after_webp(key: proface.Key, tmp_path: Path) -> None:
    photo = save(picture(1280, 1280), tmp_path / "a.jpg")
    large = replace(BY_HAND, survive="webp:80", regions=[Box(368, 64, 512, 528)])
    proface.protect(photo, key, large).save(tmp_path / "p.jpg")
    back = proface.recover(changed(tmp_path / "p.jpg", "WEBP", quality=80), key)
    assert [face.how for face in back.faces] == ["coarse"]


def test_a_photo_scaled_first(photo: Path, key: proface.Key, tmp_path: Path) -> None:
    fitted = proface.Options(jpeg=True, look="blur:25", fit=400)
    result = proface.protect(photo, key, fitted)
    assert result.photo.size == (400, 400)
    result.save(tmp_path / "p.jpg")
    assert proface.recover(changed(tmp_path / "p.jpg", quality=75), key).faces[0].how == "full"


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
