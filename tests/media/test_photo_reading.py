"""What a photo is once read: upright, 8-bit RGB, with its alpha, profile and resolution."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, ImageOps

from proface.container.storage import write_photo
from proface.media.metadata import Metadata
from proface.media.photo import Photo, read_photo

ORIENTATION = ExifTags.Base.Orientation.value


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".jpg", ".avif"])
def test_each_orientation_is_applied_once(
    tmp_path: Path, gradient: Image.Image, orientation: int, suffix: str
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[ExifTags.Base.Make.value] = "camera"
    path = tmp_path / f"photo{suffix}"
    gradient.save(path, exif=exif, **({"lossless": True} if suffix == ".webp" else {}))
    upright = np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))

    photo = read_photo(path)
    assert np.array_equal(photo.pixels, upright)
    assert photo.size == ((24, 40) if orientation >= 5 else (40, 24))

    write_photo(photo, tmp_path / "again.png")
    assert np.array_equal(read_photo(tmp_path / "again.png").pixels, upright)


def test_an_orientation_that_means_nothing_is_ignored(
    tmp_path: Path, gradient: Image.Image
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 9
    gradient.save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_photo(tmp_path / "a.png").pixels, np.asarray(gradient))


def test_a_pil_image_is_read_as_its_file_is(tmp_path: Path, gradient: Image.Image) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    gradient.save(tmp_path / "a.png", exif=exif, dpi=(300, 150))
    with Image.open(tmp_path / "a.png") as image:
        from_image = read_photo(image)
    from_file = read_photo(str(tmp_path / "a.png"))
    assert np.array_equal(from_image.pixels, from_file.pixels)
    assert from_image.metadata == from_file.metadata
    assert from_file.metadata.dpi == (150, 300)  # turned with the photo


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_grey_is_remembered(tmp_path: Path, gradient: Image.Image, mode: str) -> None:
    image = gradient.convert(mode)
    image.save(tmp_path / "a.png")
    photo = read_photo(tmp_path / "a.png")
    assert photo.mode == "L"
    assert np.array_equal(photo.pixels, np.asarray(image.convert("RGB")))
    assert (photo.alpha is not None) == (mode == "LA")

    write_photo(photo, tmp_path / "b.png")
    with Image.open(tmp_path / "b.png") as again:
        assert again.mode == ("LA" if mode == "LA" else "L")


def test_a_palette_becomes_its_exact_colours(tmp_path: Path, gradient: Image.Image) -> None:
    image = gradient.quantize(64)
    image.save(tmp_path / "a.png")
    photo = read_photo(tmp_path / "a.png")
    assert photo.alpha is None
    assert np.array_equal(photo.pixels, np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("suffix", [".png", ".gif"])
def test_a_palettes_transparency_becomes_alpha(
    tmp_path: Path, gradient: Image.Image, suffix: str
) -> None:
    image = gradient.quantize(64)
    transparency = bytes(range(64)) if suffix == ".png" else 5
    image.save(tmp_path / f"a{suffix}", transparency=transparency)
    photo = read_photo(tmp_path / f"a{suffix}")
    index = np.asarray(image)
    expected = index if suffix == ".png" else np.where(index == 5, 0, 255)
    assert photo.alpha is not None
    seen = photo.alpha > 0
    assert np.array_equal(photo.alpha, expected)
    assert np.array_equal(photo.pixels[seen], np.asarray(image.convert("RGB"))[seen])


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_transparent_colour_becomes_alpha(tmp_path: Path, mode: str) -> None:
    image = Image.new(mode, (4, 4), 10 if mode == "L" else (10, 20, 30))
    image.putpixel((1, 2), 99 if mode == "L" else (99, 20, 30))
    image.save(tmp_path / "a.png", transparency=99 if mode == "L" else (99, 20, 30))
    photo = read_photo(tmp_path / "a.png")
    assert photo.alpha is not None
    assert photo.alpha[2, 1] == 0
    assert photo.alpha.sum() == 15 * 255


def test_the_suffix_does_not_matter(tmp_path: Path, gradient: Image.Image) -> None:
    gradient.save(tmp_path / "a.jpg", "PNG")
    assert np.array_equal(read_photo(tmp_path / "a.jpg").pixels, np.asarray(gradient))


def test_of_a_jpeg_with_two_pictures_the_first_is_read(
    tmp_path: Path, gradient: Image.Image
) -> None:
    other = Image.new("RGB", (16, 16), "red")
    gradient.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[other])
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.format == "MPO"
        first = np.asarray(image.convert("RGB"))
    assert np.array_equal(read_photo(tmp_path / "a.jpg").pixels, first)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
@pytest.mark.parametrize("alpha", [False, True])
def test_pixels_alpha_profile_and_resolution_survive(
    tmp_path: Path, noise, suffix: str, alpha: bool
) -> None:
    photo: Photo = noise(alpha=alpha)
    if photo.alpha is not None:
        photo.alpha[:12] = 0  # colours under full transparency are kept too
    photo.icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo.metadata = Metadata(dpi=(300.0, 72.0))
    write_photo(photo, tmp_path / f"a{suffix}")

    again = read_photo(tmp_path / f"a{suffix}")
    assert np.array_equal(again.pixels, photo.pixels)
    assert (again.alpha is None) == (photo.alpha is None)
    assert photo.alpha is None or np.array_equal(again.alpha, photo.alpha)
    assert again.icc == photo.icc
    assert again.metadata == photo.metadata


def test_an_image_gives_back_what_the_photo_holds(noise) -> None:
    photo: Photo = noise(alpha=True)
    photo.metadata = Metadata(dpi=(300.0, 300.0))
    photo.icc = b"profile"
    again = read_photo(photo.to_image())
    assert np.array_equal(again.pixels, photo.pixels)
    assert np.array_equal(again.alpha, photo.alpha)
    assert (again.icc, again.metadata) == (photo.icc, photo.metadata)
    assert noise(mode="L").to_image().mode == "L"
    assert noise(mode="L").to_image(colour=True).mode == "RGB"


def test_pillows_own_limit_is_as_before(gradient: Image.Image, monkeypatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    buffer = io.BytesIO()
    gradient.save(buffer, "PNG")
    assert read_photo(gradient).size == (40, 24)
    assert Image.MAX_IMAGE_PIXELS == 10
