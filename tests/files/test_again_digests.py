"""After `again`, nothing in the file confirms a guess of the face that was hidden last."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

import proface
from proface.container.canonical_json import canonical_json
from proface.container.digests import rest_digest
from proface.container.header import Header
from proface.container.storage import find_header, read_protected, write_photo
from proface.errors import DamagedFileError
from proface.types import Box

FIRST, SECOND, THIRD = Box(16, 16, 48, 48), Box(80, 64, 32, 48), Box(16, 80, 32, 32)
KEY, OTHER = proface.Key.generate(), proface.Key.generate()
PICTURE = astronaut()[60:188, 160:288]


def options(box: Box, **more: bool) -> proface.Options:
    return proface.Options(detect=False, regions=[box], **more)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A photo protected once, twice, three times; the first time under another key."""
    folder = tmp_path_factory.mktemp("again")
    paths = [folder / f"{n}.png" for n in range(3)]
    proface.protect(Image.fromarray(PICTURE), OTHER, options(FIRST)).save(paths[0])
    for n, box in ((1, SECOND), (2, THIRD)):
        proface.protect(paths[n - 1], KEY, options(box, again=True)).save(paths[n])
    return paths


def header_of(path: Path) -> Header:
    data = find_header(path)
    assert data
    return Header.from_bytes(data)


@pytest.mark.parametrize("n", [1, 2])
def test_the_right_guess_of_a_hidden_face_is_not_confirmed(files: list[Path], n: int) -> None:
    """The attacker has the file, and the true pixels of what was hidden last."""
    photo, data = read_protected(files[n])
    assert data
    header = Header.from_bytes(data)
    guess = replace(photo, pixels=photo.pixels.copy())
    hidden = (SECOND, THIRD)[n - 1]
    guess.pixels[hidden.slices] = PICTURE[hidden.slices]
    inner = header.previous
    assert inner is not None

    digest = rest_digest(guess, [region.box for region in inner.regions])
    known = header_of(files[n - 1])
    assert known.rest_sha256 == digest  # the guess is right

    assert digest.encode() not in data
    # Nor does the checksum, a digest of the header with that digest in it.
    body = canonical_json(json.loads(known.signed_bytes()))
    assert hashlib.sha256(body).hexdigest()[:16].encode() not in data
    assert [one.rest_sha256 is None for one in header.chain] == [False, *[True] * n]


def test_each_layer_is_still_verified_and_comes_back(files: list[Path], tmp_path: Path) -> None:
    back = proface.recover(files[2], KEY)
    assert back.verified
    assert back.warnings == ()
    assert np.array_equal(back.photo.pixels[THIRD.slices], PICTURE[THIRD.slices])
    back.save(tmp_path / "back.png")

    # What is left is the first file, byte for byte of its header.
    assert find_header(tmp_path / "back.png") == find_header(files[0])
    last = proface.recover(tmp_path / "back.png", OTHER)
    assert last.verified
    report = proface.verify(files[2], KEY)
    assert [region.opened for region in report.regions] == [True, True, False]


def test_a_digest_of_another_file_is_refused(files: list[Path], tmp_path: Path) -> None:
    photo, _data = read_protected(files[1])
    header = header_of(files[1])
    sealed = {**header.sealed, "previous": header_of(files[2]).sealed["previous"]}
    path = tmp_path / "forged.png"
    write_photo(photo, path, header=replace(header, sealed=sealed).to_bytes())
    with pytest.raises(DamagedFileError):
        proface.recover(path, KEY)
    forced = proface.recover(path, KEY, force=True)
    assert "cannot be verified" in str(forced.warnings)
    assert not forced.verified
    forced.save(tmp_path / "forced.png")


def test_only_a_nested_header_may_lack_its_digest(files: list[Path]) -> None:
    header = header_of(files[1])
    with pytest.raises(DamagedFileError, match="rest_sha256"):
        Header.from_bytes(replace(header, rest_sha256=None).to_bytes())
    with pytest.raises(DamagedFileError, match="rest_sha256"):
        Header.from_bytes(replace(header, version=1).to_bytes())
