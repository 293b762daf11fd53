"""HEIC and AVIF: the right picture, whatever kind of phone made it, or a named refusal."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from skimage.data import astronaut

from proface.errors import ImageError, MissingExtraError
from proface.media.ancillary.heif import code_points
from proface.media.ancillary.read import read_ancillary
from proface.media.colour import profiles
from proface.media.photo import read_photo

heif = pytest.importorskip("pillow_heif", reason="the extra `heic` is not installed")
UPRIGHT = Image.fromarray(astronaut()).crop((110, 0, 302, 160))
P3 = profiles.rgb_profile(
    profiles.DISPLAY_P3, profiles.sampled_curve(profiles.srgb_light), "Display P3"
)


def is_near(path: Path) -> None:
    photo = read_photo(path)
    assert photo.size == UPRIGHT.size
    difference = np.abs(photo.pixels.astype(int) - np.asarray(UPRIGHT).astype(int))
    assert difference.mean() < 4


def test_plain(tmp_path: Path) -> None:
    heif.from_pillow(UPRIGHT).save(tmp_path / "a.heic", quality=90)
    is_near(tmp_path / "a.heic")
    assert read_ancillary(tmp_path / "a.heic").is_empty


@pytest.mark.parametrize(("orientation", "turn"), [(3, 180), (6, 90), (8, 270)])
def test_rotated(tmp_path: Path, orientation: int, turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "phone"
    stored = heif.from_pillow(UPRIGHT.rotate(turn, expand=True))
    stored.save(tmp_path / "a.heic", quality=90, exif=exif.tobytes())
    is_near(tmp_path / "a.heic")
    photo = read_photo(tmp_path / "a.heic")
    tags = Image.Exif()
    tags.load(photo.metadata.exif or b"")
    assert tags[0x010F] == "phone"
    assert tags.get(0x0112, 1) == 1  # applied once


@pytest.mark.parametrize("suffix", [".heic", ".avif"])
def test_display_p3(tmp_path: Path, suffix: str) -> None:
    image = UPRIGHT.copy()
    image.info["icc_profile"] = P3
    if suffix == ".heic":
        heif.from_pillow(image).save(tmp_path / "a.heic", quality=90)
    else:
        image.save(tmp_path / "a.avif", quality=90)
    is_near(tmp_path / f"a{suffix}")
    assert read_photo(tmp_path / f"a{suffix}").icc == P3


def test_code_points_become_a_profile(tmp_path: Path) -> None:
    UPRIGHT.save(tmp_path / "a.avif", quality=90)
    data = (tmp_path / "a.avif").read_bytes()
    assert code_points(data) is not None
    at = data.index(b"nclx") + 4
    for primaries, transfer, space in ((12, 13, "RGB"), (1, 13, None)):
        codes = primaries.to_bytes(2, "big") + transfer.to_bytes(2, "big")
        (tmp_path / "a.avif").write_bytes(data[:at] + codes + data[at + 4 :])
        photo = read_photo(tmp_path / "a.avif")
        assert (photo.icc and profiles.colour_space(photo.icc)) == space


def test_10_bits(tmp_path: Path) -> None:
    deep = np.asarray(UPRIGHT).astype(np.uint16) * 257
    stored = heif.from_bytes("RGB;16", UPRIGHT.size, deep.tobytes())
    stored.save(tmp_path / "a.heic", quality=90)
    is_near(tmp_path / "a.heic")
    assert read_photo(tmp_path / "a.heic").converted == ("more than 8 bits a channel to 8",)


def test_a_burst_gives_its_main_picture(tmp_path: Path) -> None:
    several = heif.HeifFile()
    several.add_from_pillow(UPRIGHT.rotate(180))
    several.add_from_pillow(UPRIGHT)
    several.save(tmp_path / "a.heic", quality=90, primary_index=1)
    is_near(tmp_path / "a.heic")
    assert read_ancillary(tmp_path / "a.heic").dropped == ("further picture",)


def test_a_thumbnail_is_named(tmp_path: Path) -> None:
    stored = heif.from_pillow(UPRIGHT)
    stored.info["thumbnails"] = [64]
    stored.save(tmp_path / "a.heic", quality=90)
    if b"thmb" not in (tmp_path / "a.heic").read_bytes():
        pytest.skip("this libheif writes no thumbnails")
    is_near(tmp_path / "a.heic")
    assert read_ancillary(tmp_path / "a.heic").dropped == ("thumbnail",)


def test_cut_off(tmp_path: Path) -> None:
    heif.from_pillow(UPRIGHT).save(tmp_path / "a.heic", quality=90)
    data = (tmp_path / "a.heic").read_bytes()
    for share in (0.1, 0.5, 0.95):
        (tmp_path / "b.heic").write_bytes(data[: int(len(data) * share)])
        with pytest.raises(ImageError, match="damaged or cut off") as caught:
            read_photo(tmp_path / "b.heic")
        assert "\n" not in str(caught.value)


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heif.from_pillow(UPRIGHT).save(tmp_path / "a.heic")
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'proface\[heic\]'"):
        read_photo(tmp_path / "a.heic")


@pytest.mark.parametrize(("gamma", "shown"), [(1.0, 188), (2.4, 120)])
def test_made_profiles_mean_what_they_say(gamma: float, shown: int) -> None:
    icc = profiles.rgb_profile(profiles.SRGB, profiles.gamma_curve(gamma), "test")
    found = ImageCms.profileToProfile(
        Image.new("RGB", (1, 1), (128, 128, 128)),
        ImageCms.ImageCmsProfile(io.BytesIO(icc)),
        ImageCms.createProfile("sRGB"),
    )
    assert found is not None
    light = (128 / 255) ** gamma
    expected = 255 * (1.055 * light ** (1 / 2.4) - 0.055)
    assert found.getpixel((0, 0)) == pytest.approx((expected,) * 3, abs=1.5)
    assert abs(expected - shown) < 8
