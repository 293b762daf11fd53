"""Exact recovery: the regions' own pixels, sealed; and what is left where the seal is gone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut
from skimage.metrics import peak_signal_noise_ratio

import proface
from proface.container.header import Header
from proface.container.storage import find_header, write_photo
from proface.errors import DamagedFileError, UsageError
from proface.files.protect import Protected
from proface.files.recover import recover
from proface.files.seals import is_exact
from proface.files.verify import verify
from proface.media import lossless
from proface.media.photo import Photo, read_photo
from proface.types import Box


@pytest.fixture(scope="module")
def key() -> proface.Key:
    return proface.Key.generate()


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "photo.jpg"
    Image.fromarray(astronaut()).crop((110, 0, 340, 230)).save(path, quality=92)
    return path


@pytest.fixture(scope="module")
def result(photo: Path, key: proface.Key) -> Protected:
    return proface.protect(photo, key, proface.Options(exact=True))


@pytest.fixture(scope="module")
def protected(result: Protected, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("protected") / "photo.png"
    assert result.save(path) == [float("inf")]
    return path


def rewritten(source: Path, target: Path, **changes: object) -> Path:
    """The same picture under a header that somebody without the key has altered."""
    data = find_header(source)
    assert data
    header = replace(Header.from_bytes(data), **changes)
    write_photo(read_photo(source), target, header=header.to_bytes())
    return target


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_every_pixel_comes_back(
    photo: Path, result: Protected, key: proface.Key, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"photo{suffix}"
    result.save(path)
    recovered = recover(path, key)
    assert recovered.exact
    np.testing.assert_array_equal(recovered.photo.pixels, read_photo(photo).pixels)


def test_grey_transparent_and_odd_regions(key: proface.Key, tmp_path: Path) -> None:
    image = Image.fromarray(astronaut()[:231, 110:341]).convert("LA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    boxes = [Box(0, 0, 31, 50), Box(150, 181, 81, 50)]
    proface.protect(image, key, proface.Options(exact=True, detect=False, regions=boxes)).save(
        tmp_path / "a.png"
    )
    back = proface.recover(tmp_path / "a.png", key).image
    assert back.mode == "LA"
    np.testing.assert_array_equal(np.asarray(back), np.asarray(image))


def test_without_it_a_face_comes_back_nearly(photo: Path, key: proface.Key, tmp_path: Path) -> None:
    result = proface.protect(photo, key)
    assert not is_exact(result.header)
    result.save(tmp_path / "a.png")
    assert not recover(tmp_path / "a.png", key).exact


def test_no_length_tells_more_than_a_size_class(result: Protected, photo: Path) -> None:
    (region,) = result.regions
    content = lossless.encode(read_photo(photo).pixels[region.box.slices])
    (sealed,) = [data for name, data in result.header.sealed.items() if name == "pixels-1"]
    padded = len(sealed) - 12 - 16
    assert len(content) + 8 <= padded < 1.12 * (len(content) + 8)
    # Padmé: of a number of 16 bits, at most the 5 leading ones are set.
    assert padded % (1 << (padded.bit_length() - 1 - (padded.bit_length() - 1).bit_length())) == 0


def test_deniable_and_exact_do_not_go_together(photo: Path, key: proface.Key) -> None:
    with pytest.raises(UsageError, match="deniable"):
        proface.protect(photo, key, proface.Options(exact=True, deniable=True))


def test_a_seal_that_was_taken_out_is_told(
    photo: Path, protected: Path, key: proface.Key, tmp_path: Path
) -> None:
    stripped = rewritten(protected, tmp_path / "stripped.png", sealed={})
    with pytest.raises(DamagedFileError, match="header was altered"):
        recover(stripped, key)
    forced = recover(stripped, key, force=True)
    assert not forced.exact
    assert any("recovered from the picture" in warning for warning in forced.warnings)
    original = read_photo(photo).pixels
    assert peak_signal_noise_ratio(original, forced.photo.pixels, data_range=255) > 38


def test_a_seal_of_another_file_is_told(
    photo: Path, protected: Path, key: proface.Key, tmp_path: Path
) -> None:
    other = proface.protect(photo, key, proface.Options(exact=True))
    swapped = rewritten(protected, tmp_path / "swapped.png", sealed=other.header.sealed)
    with pytest.raises(DamagedFileError, match="header was altered"):
        recover(swapped, key)
    forced = recover(swapped, key, force=True)
    assert not forced.exact
    assert any("sealed original of region 1" in warning for warning in forced.warnings)
    original = read_photo(photo).pixels
    assert peak_signal_noise_ratio(original, forced.photo.pixels, data_range=255) > 38


def test_an_altered_picture_does_not_touch_the_seal(
    photo: Path, protected: Path, key: proface.Key, result: Protected, tmp_path: Path
) -> None:
    pixels = read_photo(protected).pixels
    pixels[result.regions[0].box.slices] = 0
    write_photo(Photo(pixels), tmp_path / "painted.png", header=find_header(protected))
    with pytest.raises(DamagedFileError, match="region 1"):
        recover(tmp_path / "painted.png", key)
    forced = recover(tmp_path / "painted.png", key, force=True)
    assert forced.exact
    np.testing.assert_array_equal(forced.photo.pixels, read_photo(photo).pixels)


def test_verification_reports_it(protected: Path, photo: Path, key: proface.Key) -> None:
    report = verify(protected, key)
    assert [region.exact for region in report.regions] == [True]
    assert report.regions[0].verdict == "exactly, from its sealed original"
    assert verify(protected, key, original=photo).regions[0].verdict == "exactly"


@pytest.mark.parametrize("shape", [(1, 1), (3, 16400), (33, 17)])
def test_pixels_of_any_shape_are_coded(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    np.testing.assert_array_equal(lossless.decode(lossless.encode(pixels), *shape), pixels)


@pytest.mark.parametrize(
    "data", [b"", b"no picture", lossless.encode(np.zeros((9, 9, 3), np.uint8))]
)
def test_sealed_pixels_of_another_form_are_damaged(data: bytes) -> None:
    with pytest.raises(DamagedFileError):
        lossless.decode(data, 8, 8)
