"""Protecting and recovering through the library, on saved files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

import proface
from proface.container.header import Header
from proface.container.storage import find_header, write_photo
from proface.errors import (
    AlreadyProtectedError,
    NotProtectedError,
    UsageError,
    WrongPasswordError,
)
from proface.files.protect import Protected
from proface.files.recover import recover
from proface.keys import KdfParameters
from proface.types import Box
from tests.files.pictures import inside, pixels, psnr

ARTIST, DATE = 0x013B, 0x0132


def test_a_face_is_hidden_and_comes_back(
    photo: Path, key: proface.Key, result: Protected, protected: Path
) -> None:
    original, hidden = pixels(photo), pixels(protected)
    back = np.asarray(proface.recover(protected, key).image)
    mask = inside(result, original.shape)
    assert len(result.regions) == 1
    assert psnr(original[mask], hidden[mask]) < 25
    assert psnr(original[mask], back[mask]) > 38
    np.testing.assert_array_equal(hidden[~mask], original[~mask])
    np.testing.assert_array_equal(back[~mask], original[~mask])


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
@pytest.mark.parametrize("sidecar", [False, True])
def test_every_format_keeps_the_face(
    result: Protected, key: proface.Key, tmp_path: Path, suffix: str, sidecar: bool
) -> None:
    path = tmp_path / f"photo{suffix}"
    figures = result.save(path, sidecar=sidecar)
    assert min(figures) > 38
    assert find_header(path)
    assert (tmp_path / f"{path.name}.proface.json").exists() == sidecar
    back = np.asarray(proface.recover(path, key).image)
    for region, original in zip(result.regions, result._originals, strict=True):
        assert psnr(back[region.box.slices], original) > 38


def test_a_picture_in_memory_takes_its_header(result: Protected, key: proface.Key) -> None:
    back = np.asarray(proface.recover(result.image, key, header=result.header).image)
    for region, original in zip(result.regions, result._originals, strict=True):
        assert psnr(back[region.box.slices], original) > 38
    with pytest.raises(NotProtectedError, match="header"):
        proface.recover(result.image, key)


def test_metadata_are_sealed_and_come_back(
    photo: Path, protected: Path, key: proface.Key, tmp_path: Path
) -> None:
    assert not Image.open(protected).getexif()
    assert b"Photographer" not in protected.read_bytes()
    write_photo(recover(protected, key).photo, tmp_path / "back.png")
    assert Image.open(tmp_path / "back.png").getexif()[ARTIST] == "A. Photographer"


def test_metadata_stay_readable_on_request(photo: Path, key: proface.Key, tmp_path: Path) -> None:
    proface.protect(photo, key, proface.Options(keep_metadata=True)).save(tmp_path / "kept.png")
    assert dict(Image.open(tmp_path / "kept.png").getexif()) == {DATE: "2024:05:06 07:08:09"}
    back = recover(tmp_path / "kept.png", key)
    assert b"A. Photographer" in (back.photo.metadata.exif or b"")


def test_no_two_pads_are_alike(photo: Path, key: proface.Key) -> None:
    """Two runs, two files of a batch, two regions of one size: nothing repeats."""
    same = Image.fromarray(np.tile(astronaut()[60:188, 160:288], (1, 3, 1)))
    options = proface.Options(
        detect=False, regions=(Box(0, 0, 128, 128), Box(256, 0, 128, 128)), look="mask:disc"
    )
    kdf = KdfParameters.fresh()  # shared, as in a batch
    runs = [proface.protect(same, key, options, kdf=kdf) for _ in range(2)]
    faces = [run.photo.pixels[region.box.slices] for run in runs for region in run.regions]
    for i, a in enumerate(faces):
        for b in faces[:i]:
            # The look is the same everywhere: what differs is noise, in three of four samples.
            assert 0.7 < (a != b).mean() < 0.8
    assert len({run.header.to_bytes() for run in runs}) == 2


def test_deniable_files_take_any_password(photo: Path, tmp_path: Path) -> None:
    right, wrong = proface.Key.generate(), proface.Key.generate()
    path = tmp_path / "deniable.png"
    result = proface.protect(photo, right, proface.Options(deniable=True))
    result.save(path)
    assert result.header.mac is None
    assert not result.header.stanzas
    assert not result.header.sealed
    mask, original = inside(result, pixels(photo).shape), pixels(photo)
    assert psnr(np.asarray(proface.recover(path, right).image)[mask], original[mask]) > 38
    assert psnr(np.asarray(proface.recover(path, wrong).image)[mask], original[mask]) < 15


def test_protecting_again_adds_regions_and_both_come_back(
    photo: Path, protected: Path, key: proface.Key, tmp_path: Path
) -> None:
    corner = Box(400, 400, 64, 64)
    with pytest.raises(AlreadyProtectedError):
        proface.protect(protected, key)
    data = find_header(protected)
    assert data
    taken = Header.from_bytes(data).regions[0].box
    with pytest.raises(UsageError, match="protected already"):
        proface.protect(
            protected,
            key,
            proface.Options(again=True, detect=False, regions=[taken]),
        )
    second = proface.Key.generate()
    proface.protect(
        protected,
        second,
        proface.Options(again=True, detect=False, regions=[corner]),
    ).save(tmp_path / "twice.png")
    once = recover(tmp_path / "twice.png", second)
    assert once.still is not None
    np.testing.assert_array_equal(once.photo.pixels, pixels(protected))
    with pytest.raises(WrongPasswordError):
        recover(tmp_path / "twice.png", key)


def test_the_same_key_undoes_both_protections(
    photo: Path, protected: Path, key: proface.Key, tmp_path: Path
) -> None:
    proface.protect(
        protected,
        key,
        proface.Options(again=True, detect=False, regions=[Box(400, 400, 64, 64)]),
    ).save(tmp_path / "twice.png")
    both = recover(tmp_path / "twice.png", key)
    assert both.still is None
    assert psnr(both.photo.pixels, pixels(photo)) > 38


def test_skipped_faces_stay_and_regions_by_hand_are_hidden(photo: Path, key: proface.Key) -> None:
    result = proface.protect(photo, key, proface.Options(skip=[1], regions=[Box(10, 20, 40, 30)]))
    assert len(result.faces) == 1
    (region,) = result.regions
    assert (region.x, region.y) <= (10, 20)
    assert region.x + region.w >= 50
    assert region.y + region.h >= 50
    face = result.faces[0].box
    np.testing.assert_array_equal(result.photo.pixels[face.slices], pixels(photo)[face.slices])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's peak memory")
def test_memory_is_bounded_by_a_few_bytes_a_pixel() -> None:
    """A region of 9 megapixels: what it takes beyond the arrays is tiles, not the region."""
    script = """
import re, numpy as np, proface
flow = proface.load_flow()
n = 3000
x = np.zeros((n, n, 3), np.uint8)
x[::2, ::3] = 200
pad = np.zeros(flow.words(n, n), np.uint16)
flow.reveal(flow.hide(x, x, pad), pad)
# Of this program alone: getrusage would count what the test's own process had before it.
print(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(run.stdout) / 1024 < 200 + 30 * 9  # MB


def test_nothing_of_torch_is_loaded(photo: Path) -> None:
    script = f"""
import sys, proface
key = proface.Key.generate()
result = proface.protect({os.fspath(photo)!r}, key)
proface.recover(result.image, key, header=result.header)
print([name for name in ("torch", "scipy", "tensorflow") if name in sys.modules])
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
