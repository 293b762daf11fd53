"""Files written by the version before: stanzas that do not commit, nested digests in clear.

Made with `proface.protect` of format version 1: crops of the astronaut, "correct horse".
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from skimage.data import astronaut

import proface
from proface.container.header import Header
from proface.container.storage import find_header
from proface.errors import WrongPasswordError
from proface.files.key_slots import add_keys, list_keys
from proface.media.photo import read_photo

from .pictures import psnr

FOLDER = Path(__file__).parent / "version_1"
KEY = proface.Key.from_password("correct horse")
SMALL, LARGE = astronaut()[60:188, 160:288], astronaut()[:256, 100:356]


@pytest.mark.parametrize("name", ["password.png", "again.png", "deniable.png"])
def test_lossless_files_still_open(name: str) -> None:
    back = proface.recover(FOLDER / name, KEY)

    assert back.warnings == ()
    assert back.verified == (name != "deniable.png")
    assert psnr(back.photo.pixels, SMALL) > 35


@pytest.mark.parametrize("name", ["robust.jpg", "stripped.jpg"])
def test_jpegs_still_open_with_a_header_or_without(name: str) -> None:
    back = proface.recover(FOLDER / name, KEY)

    assert [face.how for face in back.faces] == ["full"]
    assert psnr(back.photo.as_pixels().pixels[64:192, 64:192], LARGE[64:192, 64:192]) > 25
    with pytest.raises(WrongPasswordError):
        proface.recover(FOLDER / name, proface.Key.from_password("another"))


def test_a_new_key_makes_a_header_of_the_new_version(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes((FOLDER / "again.png").read_bytes())
    new = proface.Key.generate()
    add_keys(path, KEY, [new])

    data = find_header(path)
    assert data
    header = Header.from_bytes(data)
    assert [one.version for one in header.chain] == [2, 1]
    assert [stanza.get("version", 1) for stanza in header.stanzas] == [1, 2]
    assert len(list_keys(path)) == 2
    assert np.array_equal(read_photo(path).pixels, read_photo(FOLDER / "again.png").pixels)
    for key in (KEY, new):
        assert proface.recover(path, key).verified
