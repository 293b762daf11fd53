"""Pictures without a header: forged descriptions, cropped edges, and what `verify` says of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

import proface
from proface.container.pixel_description import parse_description
from proface.errors import DamagedFileError, UsageError, WrongPasswordError
from proface.files.key_slots import add_keys, remove_key
from proface.files.locate import locate, scaled_places
from proface.files.recover import recover
from proface.files.verify import verify
from proface.keys import KdfParameters, Key, wrap_file_key
from proface.media.photo import read_photo
from proface.models.store import ModelStore
from proface.pipeline.recover import cuts, paste
from proface.types import Box, Place
from tests.cli.runs import call
from tests.container.make_vectors import header_for
from tests.hostile import in_pixels
from tests.hostile.headers import FILE_KEY, PHOTO, SECRET

KEY = Key("file", SECRET)
GOOD = in_pixels.honest().to_bytes()


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[np.ndarray], Path]:
    def save(picture: np.ndarray) -> Path:
        path = tmp_path / "picture.png"
        path.write_bytes(in_pixels.png(picture))
        return path

    return save


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A region that ends at the right edge, 8 pixels behind the last whole square of 16."""
    folder = tmp_path_factory.mktemp("edge")
    image = Image.fromarray(astronaut()).resize((504, 400), Image.Resampling.LANCZOS)
    image.save(folder / "photo.png")
    options = proface.Options(
        model="robust", look="blur:25", detect=False, regions=[Box(304, 32, 200, 192)]
    )
    proface.protect(folder / "photo.png", KEY, options).save(folder / "protected.png")
    Image.open(folder / "protected.png").convert("RGB").save(folder / "bare.png")
    return folder


def test_what_is_said_truly_opens(saved: Callable[[np.ndarray], Path]) -> None:
    back = recover(saved(in_pixels.carrying(GOOD)), KEY)
    assert back.from_pixels
    assert [face.how for face in back.faces] == ["full"]


def test_a_description_that_does_not_fit_its_place_is_ignored(
    saved: Callable[[np.ndarray], Path],
) -> None:
    for width, height in ((4096, 4096), (65535, 65535), (192, 300), (160, 192)):
        one = in_pixels.honest(w=width, h=height, x=0, y=0, size=(65535, 65535))
        photo = read_photo(saved(in_pixels.carrying(one.to_bytes())))
        assert locate(photo, ModelStore()) is None


def test_a_forged_key_does_not_shut_out_the_others(saved: Callable[[np.ndarray], Path]) -> None:
    """A region of the same protection, with costs that no reader accepts."""
    picture = np.full((512, 640, 3), 128, np.uint8)
    first, second = Box(32, 32, 192, 192), Box(320, 256, 192, 192)
    good = in_pixels.honest(first, size=(640, 512), count=2)
    in_pixels.carrying(good.to_bytes(), picture=picture, box=first)
    kdf = KdfParameters(bytes(16), memory_kib=16384, iterations=4, lanes=1)
    stanza = dict(wrap_file_key(FILE_KEY, Key.from_password("a password"), kdf))
    stanza["kdf"] = {**stanza["kdf"], "memory_kib": 1 << 30, "iterations": 255}
    bad = replace(in_pixels.honest(second, size=(640, 512), count=2, n=2), stanza=stanza)
    in_pixels.carrying(bad.to_bytes(), picture=picture, box=second)
    back = recover(saved(picture), KEY)
    assert [(face.n, face.how) for face in back.faces] == [(1, "full")]
    assert "1 face of the photo not found" in back.warnings


def test_a_key_copied_from_another_photo_yields_nothing_and_says_so(
    saved: Callable[[np.ndarray], Path],
) -> None:
    path = saved(in_pixels.carrying(GOOD, pad=False))
    with pytest.raises(DamagedFileError, match="forged"):
        recover(path, KEY)
    assert recover(path, KEY, force=True).faces == ()


def test_the_work_of_many_forged_protections_is_bounded(
    saved: Callable[[np.ndarray], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proface.files.locate.MAX_STANZAS", 3)
    found = locate(read_photo(saved(in_pixels.crowd())), ModelStore())
    assert found is not None
    assert sum(len(one.stanzas) for one in found.header.chain) == 3


@pytest.mark.parametrize("at", [0, 1, 10, 12, 18, 26, 29])
def test_bytes_that_are_no_description(at: int) -> None:
    assert parse_description(GOOD) is not None
    for value in (0, 255):
        data = GOOD[:at] + bytes([value]) * 2 + GOOD[at + 2 :]
        found = parse_description(data)
        assert found is None or found.to_bytes()[:26] == data[:26]


@pytest.mark.parametrize("gone", [0, 1, 5, 8])
def test_a_picture_cropped_within_the_last_pixels_of_a_region(edge: Path, gone: int) -> None:
    image = Image.open(edge / "bare.png")
    image.crop((0, 0, 504 - gone, 400)).save(edge / "cropped.png")
    back = recover(edge / "cropped.png", KEY)
    (face,) = back.faces
    assert face.how == "full"
    assert face.box == Box(304, 32, 200 - gone, 192)
    assert back.photo.size == (504 - gone, 400)


def test_a_place_that_ends_beyond_the_picture() -> None:
    pixels = np.arange(40 * 60 * 3, dtype=np.uint8).reshape(40, 60, 3)
    whole = next(cuts(pixels, Place(50, 30, 16, 16), (16, 16)))
    np.testing.assert_array_equal(whole[:10, :10], pixels[30:, 50:])
    np.testing.assert_array_equal(whole[:10, 10:], np.repeat(pixels[30:, 59:], 6, axis=1))
    assert next(cuts(pixels, Place(20.5, 10, 39.6, 30.2), (64, 64))).shape == (64, 64, 3)
    paste(pixels, whole + 1, Place(50, 30, 16, 16))
    np.testing.assert_array_equal(pixels[30:, 50:], whole[:10, :10] + 1)


def test_a_header_that_claims_a_far_larger_picture_is_not_believed() -> None:
    header = replace(header_for(PHOTO), size=(8192, 8192))
    assert scaled_places(header, (512, 512)) is None
    assert scaled_places(header, (4096, 4096)) is not None


def test_verify_does_not_call_unaltered_what_nothing_vouches_for(edge: Path) -> None:
    with_header = verify(edge / "protected.png", KEY, original=edge / "photo.png")
    assert "header and pixels: unaltered" in with_header.lines()
    assert with_header.fault is None
    picture = np.array(Image.open(edge / "bare.png"))
    picture[300:, :100] = 0  # altered, far from the region
    Image.fromarray(picture).save(edge / "altered.png")
    report = verify(edge / "altered.png", KEY)
    assert report.from_pixels
    assert not any("unaltered" in line for line in report.lines())
    assert any("altered" in line for line in report.lines())


def test_verify_tells_a_face_that_is_lost(tmp_path: Path) -> None:
    boxes = [Box(32, 32, 192, 192), Box(288, 256, 192, 192)]
    options = proface.Options(model="robust", look="blur:25", detect=False, regions=boxes)
    path = tmp_path / "p.png"
    proface.protect(Image.fromarray(astronaut()), KEY, options).save(path, sidecar=True)
    pixels = np.array(Image.open(path).convert("RGB"))
    pixels[boxes[1].slices] = 128
    Image.fromarray(pixels).save(path)
    report = verify(path, KEY)
    assert [region.verdict for region in report.regions][1] == "NO: damaged too much"
    assert report.fault is not None
    assert "region 2" in report.fault


def test_a_key_that_stands_in_the_pixels_cannot_be_removed(edge: Path, tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    path.write_bytes((edge / "protected.png").read_bytes())
    later = Key.generate()
    assert add_keys(path, KEY, [later]) == 2
    with pytest.raises(UsageError, match="pixels"):
        remove_key(path, later, 1)
    assert remove_key(path, KEY, 2) == 1
    with pytest.raises(WrongPasswordError):
        recover(path, later)


def test_an_altered_picture_is_not_called_as_it_was(tmp_path: Path) -> None:
    """With sealed originals and its header: the face is exact, what is around it is not."""
    path = tmp_path / "p.png"
    options = proface.Options(
        model="robust", look="blur:25", detect=False, regions=[Box(32, 32, 192, 192)], exact=True
    )
    proface.protect(Image.fromarray(astronaut()), KEY, options).save(path, sidecar=True)
    assert recover(path, KEY).exact
    pixels = np.array(Image.open(path).convert("RGB"))
    pixels[400:] = 0
    Image.fromarray(pixels).save(path)
    back = recover(path, KEY)
    assert [face.how for face in back.faces] == ["exact"]
    assert back.changed == ("the picture outside the regions was altered",)
    KEY.save(tmp_path / "key")
    run = call("recover", path, "-o", tmp_path / "back.png", "--key-file", tmp_path / "key")
    assert run.code == 0
    assert "changed since it was protected: the picture outside the regions" in run.out
    assert "every pixel as it was" not in run.out
