"""A key of one face opens that face of that file, and leaves all others as they are."""

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
from proface.errors import DamagedFileError, UsageError, WrongPasswordError
from proface.files.face_keys import export_faces
from proface.files.recover import recover
from proface.media.photo import Photo, read_photo
from proface.types import Box

BOXES = (Box(16, 16, 64, 64), Box(96, 16, 64, 64), Box(16, 96, 64, 64))


@pytest.fixture(scope="module")
def key() -> proface.Key:
    return proface.Key.generate()


@pytest.fixture(scope="module")
def original() -> Image.Image:
    return Image.fromarray(astronaut()[40:210, 140:310])


def protect(image: Image.Image, key: proface.Key, path: Path, **settings: object) -> Path:
    settings = {"detect": False, "regions": BOXES, **settings}
    proface.protect(image, key, proface.Options(**settings)).save(path)
    return path


@pytest.fixture(scope="module")
def protected(
    original: Image.Image, key: proface.Key, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    return protect(original, key, tmp_path_factory.mktemp("protected") / "photo.png")


def forged(source: Path, target: Path, **changes: object) -> Path:
    data = find_header(source)
    assert data
    header = replace(Header.from_bytes(data), **changes)
    write_photo(read_photo(source), target, header=header.to_bytes())
    return target


def header_of(path: Path) -> Header:
    data = find_header(path)
    assert data
    return Header.from_bytes(data)


def test_it_opens_its_face_and_no_other(
    original: Image.Image, protected: Path, key: proface.Key, tmp_path: Path
) -> None:
    export_faces(protected, key, [2]).save(tmp_path / "2.key")
    keys = proface.FaceKeys.from_file(tmp_path / "2.key")
    back = recover(protected, keys)
    assert back.opened == (2,)
    assert [region.n for region in back.closed] == [1, 3]
    expected = read_photo(protected).pixels
    area = header_of(protected).regions[1].box.slices
    expected[area] = np.asarray(proface.recover(protected, key).image)[area]
    np.testing.assert_array_equal(back.photo.pixels, expected)
    assert psnr(np.asarray(original)[area], back.photo.pixels[area]) > 38


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(peak_signal_noise_ratio(a, b, data_range=255))


def test_several_faces_in_one_file(protected: Path, key: proface.Key) -> None:
    keys = export_faces(protected, key, [3, 1, 3])
    assert [one.n for one in keys.faces] == [1, 3]
    back = recover(protected, keys)
    assert back.opened == (1, 3)
    everything = export_faces(protected, key, [1, 2, 3])
    whole = recover(protected, everything)
    assert whole.closed == ()
    np.testing.assert_array_equal(whole.photo.pixels, recover(protected, key).photo.pixels)


def test_an_exact_face_comes_back_exactly(
    original: Image.Image, key: proface.Key, tmp_path: Path
) -> None:
    path = protect(original, key, tmp_path / "exact.webp", exact=True)
    back = recover(path, export_faces(path, key, [1]))
    assert back.exact
    area = header_of(path).regions[0].box.slices
    np.testing.assert_array_equal(back.photo.pixels[area], np.asarray(original)[area])


def test_another_file_is_told(
    original: Image.Image, protected: Path, key: proface.Key, tmp_path: Path
) -> None:
    """Same photo, same key, same regions: still another file."""
    other = protect(original, key, tmp_path / "other.png")
    with pytest.raises(WrongPasswordError, match="another protected photo"):
        recover(other, export_faces(protected, key, [1]))


def test_an_altered_face_is_told_without_the_mac(
    protected: Path, key: proface.Key, tmp_path: Path
) -> None:
    keys = export_faces(protected, key, [1])
    altered = read_photo(protected).pixels
    altered[20, 20] ^= 1
    write_photo(Photo(altered), tmp_path / "a.png", header=find_header(protected))
    with pytest.raises(DamagedFileError, match="region 1"):
        recover(tmp_path / "a.png", keys)
    assert recover(tmp_path / "a.png", keys, force=True).warnings

    # Whoever moves the region in the header too, so that its digests agree, is found as well.
    first, *others = header_of(protected).regions
    moved = forged(protected, tmp_path / "b.png", regions=(replace(first, n=9), *others)[::-1])
    with pytest.raises(DamagedFileError):
        recover(moved, keys)
    named = (replace(first, look="pixelate:20", n=1, sha256="00" * 32), *others)
    with pytest.raises(DamagedFileError, match="region 1"):
        recover(forged(protected, tmp_path / "c.png", regions=named), keys)


def test_an_altered_entry_of_the_header_is_told(
    protected: Path, key: proface.Key, tmp_path: Path
) -> None:
    first, second, third = header_of(protected).regions
    renumbered = (first, replace(second, n=7), replace(third, n=8))
    path = forged(protected, tmp_path / "a.png", regions=renumbered)
    keys = export_faces(protected, key, [2])
    with pytest.raises(DamagedFileError, match="entry of region 7"):
        recover(path, keys)
    forced = recover(path, keys, force=True)
    assert forced.opened == (2,)
    assert any("altered" in warning for warning in forced.warnings)
    np.testing.assert_array_equal(forced.photo.pixels, recover(protected, keys).photo.pixels)


def test_the_key_of_an_earlier_protection_opens_under_a_later_one(
    original: Image.Image, key: proface.Key, tmp_path: Path
) -> None:
    inner, outer = Box(16, 16, 64, 64), Box(96, 96, 64, 64)
    first = protect(original, key, tmp_path / "1.png", regions=[inner])
    keys = export_faces(first, key, [1])
    later = proface.Key.generate()
    twice = tmp_path / "2.png"
    proface.protect(first, later, proface.Options(detect=False, regions=[outer], again=True)).save(
        twice
    )
    back = recover(twice, keys)
    assert len(back.closed) == 1
    assert psnr(back.photo.pixels[inner.slices], np.asarray(original)[inner.slices]) > 38
    # The key's own layer is the one that is exported from.
    assert export_faces(twice, key, [1]).faces == keys.faces
    assert export_faces(twice, later, [1]).faces != keys.faces


def test_a_grey_photo_is_grey_again_when_all_is_open(key: proface.Key, tmp_path: Path) -> None:
    grey = Image.fromarray(astronaut()[40:210, 140:310]).convert("L")
    path = protect(grey, key, tmp_path / "grey.png")
    assert proface.recover(path, export_faces(path, key, [1])).image.mode == "RGB"
    assert proface.recover(path, export_faces(path, key, [1, 2, 3])).image.mode == "L"


def test_what_cannot_be_exported(
    original: Image.Image, protected: Path, key: proface.Key, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="no face 7"):
        export_faces(protected, key, [1, 7])
    with pytest.raises(WrongPasswordError):
        export_faces(protected, proface.Key.generate(), [1])
    deniable = protect(original, key, tmp_path / "deniable.png", deniable=True)
    with pytest.raises(UsageError, match="deniable"):
        export_faces(deniable, key, [1])
