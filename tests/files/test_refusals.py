"""What protecting and recovering refuse, and in which words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

import proface
from proface.container.storage import find_header, write_photo
from proface.errors import (
    AlreadyProtectedError,
    CheckFailedError,
    DamagedFileError,
    NotProtectedError,
    OutputExistsError,
    UsageError,
    WrongPasswordError,
)
from proface.files.protect import Protected
from proface.files.recover import recover
from proface.media.photo import Photo
from proface.types import Box
from tests.files.pictures import pixels

ARTIST, DATE = 0x013B, 0x0132


def test_what_is_no_photo_is_refused_with_what_to_give(key: proface.Key) -> None:
    for act in (proface.protect, proface.recover):
        with pytest.raises(UsageError, match=r"not ndarray.*Image\.fromarray"):
            act(astronaut(), key)


def test_what_is_no_key_is_refused_and_not_shown(protected: Path) -> None:
    for act in (proface.protect, proface.recover, proface.verify):
        with pytest.raises(UsageError, match=r"from_password.*not str") as told:
            act(protected, "a secret")  # type: ignore[arg-type]
        assert "secret" not in str(told.value)
    with pytest.raises(UsageError, match="give a str"):
        proface.Key.from_password(b"a secret")  # type: ignore[arg-type]


def test_what_is_no_box_or_header_is_refused(key: proface.Key, protected: Path) -> None:
    with pytest.raises(UsageError, match="Box"):
        proface.Options(regions=[(1, 2, 3, 4)])  # type: ignore[list-item]
    with pytest.raises(UsageError, match="header"):
        proface.recover(protected, key, header=b"{}")  # type: ignore[arg-type]


def test_an_opened_image_of_a_protected_file(key: proface.Key, protected: Path) -> None:
    with pytest.raises(AlreadyProtectedError):
        proface.protect(Image.open(protected), key)
    with pytest.raises(NotProtectedError, match="path of the file"):
        proface.recover(Image.open(protected), key)


def test_a_wrong_key_is_told(protected: Path) -> None:
    for wrong in (proface.Key.generate(), proface.Key.from_password("guess")):
        with pytest.raises(WrongPasswordError, match=r"photo\.png"):
            proface.recover(protected, wrong)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"skip": [7]}, "face 7"),
        ({"regions": [Box(9000, 0, 10, 10)]}, "outside"),
        ({"look": "cartoon"}, "pixelate"),
    ],
)
def test_impossible_wishes_are_refused(
    photo: Path, key: proface.Key, settings: dict[str, object], named: str
) -> None:
    with pytest.raises(UsageError, match=named):
        proface.protect(photo, key, proface.Options(**settings))


def test_a_photo_without_a_header_is_named(photo: Path, key: proface.Key) -> None:
    with pytest.raises(NotProtectedError, match=r"photo\.jpg"):
        proface.recover(photo, key)


def test_altered_pixels_are_named_and_forced(
    protected: Path, result: Protected, key: proface.Key, tmp_path: Path
) -> None:
    header = find_header(protected)
    altered = pixels(protected).copy()
    x, y = result.regions[0].x + 40, result.regions[0].y + 40
    altered[y : y + 4, x : x + 4] = 0
    write_photo(Photo(altered), tmp_path / "altered.png", header=header)
    with pytest.raises(DamagedFileError, match="region 1"):
        proface.recover(tmp_path / "altered.png", key)
    forced = recover(tmp_path / "altered.png", key, force=True)
    assert forced.warnings


def test_nothing_is_overwritten(result: Protected, tmp_path: Path) -> None:
    path = tmp_path / "there.png"
    path.write_bytes(b"mine")
    with pytest.raises(OutputExistsError):
        result.save(path)
    assert path.read_bytes() == b"mine"
    result.save(path, overwrite=True)
    assert find_header(path)


def test_a_file_that_would_not_recover_is_not_kept(
    photo: Path, key: proface.Key, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = proface.protect(photo, key)
    # The fault: what is written is not what was protected.
    result.photo.pixels[result.regions[0].box.slices] ^= 1
    with pytest.raises(CheckFailedError):
        result.save(tmp_path / "broken.png")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_an_encoder_spoilt_is_not_kept(
    photo: Path, key: proface.Key, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = proface.protect(photo, key)
    box = result.regions[0].box
    whole = Image.Image.save

    def spoilt(image: Image.Image, *args: object, **options: object) -> None:
        image.putpixel((box.x, box.y), (1, 2, 3))
        whole(image, *args, **options)

    monkeypatch.setattr(Image.Image, "save", spoilt)
    with pytest.raises(CheckFailedError, match="read back"):
        result.save(tmp_path / "broken.png")
    assert list(tmp_path.iterdir()) == []


def test_a_face_that_would_come_back_badly_is_refused_and_exact_keeps_it(
    key: proface.Key, tmp_path: Path
) -> None:
    """Noise of full range is what no transform can pack."""
    noise = np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)
    by_hand = {"detect": False, "regions": [Box(0, 0, 128, 128)]}
    with pytest.raises(CheckFailedError, match="`exact`"):
        proface.protect(Image.fromarray(noise), key, proface.Options(**by_hand)).save(
            tmp_path / "noise.png"
        )
    proface.protect(Image.fromarray(noise), key, proface.Options(exact=True, **by_hand)).save(
        tmp_path / "noise.png"
    )
    np.testing.assert_array_equal(
        np.asarray(proface.recover(tmp_path / "noise.png", key).image), noise
    )


@pytest.mark.parametrize("size", [(1, 1), (9, 9), (16, 300), (300, 40), (64, 64), (95, 95)])
def test_a_picture_smaller_than_any_region_is_not_protected(
    tmp_path: Path, size: tuple[int, int], key: proface.Key
) -> None:
    random = np.random.default_rng(1)
    pixels = random.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "small.png")
    with pytest.raises(NotProtectedError):
        recover(tmp_path / "small.png", key)
