"""A header whose scheme was replaced by one without a MAC: never reads as verified."""

from __future__ import annotations

import copy
import os
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from skimage.data import astronaut

import proface
from proface.container.header import Header
from proface.container.storage import find_header, read_protected, write_photo
from proface.errors import DamagedFileError, UsageError
from proface.files.protect import Protected
from proface.files.recover import recover
from proface.keys import KdfParameters
from proface.types import Box

PASSWORD = "correct horse"
BOX = Box(16, 16, 96, 96)
OPTIONS = proface.Options(detect=False, regions=[BOX])


@pytest.fixture(scope="module")
def key() -> proface.Key:
    return proface.Key.from_password(PASSWORD)


@pytest.fixture(scope="module")
def result(key: proface.Key) -> Protected:
    return proface.protect(Image.fromarray(astronaut()[40:168, 140:268]), key, OPTIONS)


def deniable(path: Path, target: Path, header: Header | None = None) -> Path:
    """What somebody without the key does: a deniable header of his own over the same pixels."""
    photo, data = read_protected(path)
    assert data
    header = header or Header.from_bytes(data)
    kdf = KdfParameters(os.urandom(16)).to_json()
    forged = replace(
        header, scheme="deniable", stanzas=(), sealed={}, mac=None, kdf=kdf, nonce=os.urandom(32)
    )
    write_photo(photo, target, header=forged.to_bytes())
    return target


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_a_downgraded_file_is_not_verified(
    result: Protected, key: proface.Key, tmp_path: Path, suffix: str
) -> None:
    honest = tmp_path / f"honest{suffix}"
    result.save(honest)
    report = proface.verify(honest, key)
    assert report.verified
    assert report.fault is None
    assert "unaltered" in str(report.lines())

    forged = deniable(honest, tmp_path / f"forged{suffix}")

    back = recover(forged, key)
    assert not back.verified
    assert "do not decode" in str(back.warnings)
    report = proface.verify(forged, key)
    assert not report.verified
    assert "unaltered" not in str(report.lines())
    assert "nothing vouches" in str(report.lines())
    assert report.fault is not None
    assert "password is wrong, or the file was altered" in report.fault


def test_an_honest_deniable_file_decodes_but_is_not_verified(
    key: proface.Key, tmp_path: Path
) -> None:
    photo = Image.fromarray(astronaut()[40:168, 140:268])
    for model in ("padded", "padded-obfuscated"):
        path = tmp_path / f"{model}.png"
        options = replace(OPTIONS, deniable=True, model=model)
        proface.protect(photo, key, options).save(path)
        report = proface.verify(path, key)
        assert report.fault is None
        assert not report.verified
        assert "unaltered" not in str(report.lines())
        assert recover(path, key).warnings == ()
        wrong = recover(path, proface.Key.from_password("another"))
        assert "do not decode" in str(wrong.warnings)
        with pytest.raises(UsageError, match="cannot be combined"):
            proface.protect(path, key, proface.Options(again=True))


def test_a_deniable_header_is_never_nested(
    result: Protected, key: proface.Key, tmp_path: Path
) -> None:
    """Below an honest one, or above it: nothing would say which layer a key belongs to."""
    path, again = tmp_path / "once.png", tmp_path / "again.png"
    result.save(path)
    other = Box(112, 112, 16, 16)
    more = proface.Options(detect=False, regions=[other], again=True)
    proface.protect(path, key, more).save(again)
    data = find_header(again)
    assert data
    header = Header.from_bytes(data)

    outer = deniable(again, tmp_path / "outer.png", header)
    with pytest.raises(DamagedFileError, match="deniable"):
        recover(outer, key)
    kdf = KdfParameters(bytes(16)).to_json()
    inner = replace(
        result.header, scheme="deniable", stanzas=(), sealed={}, mac=None, kdf=kdf, nonce=bytes(32)
    )
    with pytest.raises(DamagedFileError, match="deniable"):
        Header.from_bytes(replace(header, previous=inner).to_bytes())


def test_a_protected_photo_in_memory_cannot_be_pickled(result: Protected) -> None:
    """It holds the originals and the file key."""
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="originals"):
            leak(result)
