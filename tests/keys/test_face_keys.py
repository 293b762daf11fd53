"""Key files of single faces: another kind than key files, just as careful."""

from __future__ import annotations

import copy
import os
import pickle
import stat
import zlib

import pytest

from proface.errors import DamagedFileError, OutputExistsError, UsageError
from proface.keys import FaceKey, FaceKeys, Key, derive, load_key_file
from proface.types import Region

FILE_KEY, MODEL, DIGEST = bytes(range(32)), "ab" * 32, "cd" * 32


def face(n: int = 3, **changes: object) -> FaceKey:
    place = {"n": n, "x": 16, "y": 32, "w": 64, "h": 48, "sha256": DIGEST, **changes}
    region = Region(**place, look="pixelate:20")  # type: ignore[arg-type]
    return FaceKey.derive(FILE_KEY, MODEL, region)


def test_the_keys_are_those_of_the_schedule():
    one = face()
    assert one.pad == derive(FILE_KEY, "face", model=MODEL, face=3, height=48, width=64)
    assert one.seal == derive(FILE_KEY, "seal", model=MODEL, face=3, height=48, width=64)
    secrets = {key for n in (1, 2) for key in (face(n).pad, face(n).seal)}
    assert len(secrets) == 4


def test_saved_keys_come_back(tmp_path):
    keys = FaceKeys([face(3), face(5, x=999_999)])
    keys.save(tmp_path / "faces.key")
    again = FaceKeys.from_file(tmp_path / "faces.key")
    assert again.faces == keys.faces
    assert stat.S_IMODE((tmp_path / "faces.key").stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["faces.key"]
    with pytest.raises(OutputExistsError):
        keys.save(tmp_path / "faces.key")


def test_files_can_be_put_together(tmp_path):
    for n in (1, 2):
        FaceKeys([face(n)]).save(tmp_path / f"{n}.key")
    both = tmp_path / "both.key"
    both.write_text((tmp_path / "1.key").read_text() + (tmp_path / "2.key").read_text())
    assert [one.n for one in FaceKeys.from_file(both).faces] == [1, 2]


def test_the_two_kinds_are_told_apart(tmp_path):
    FaceKeys([face()]).save(tmp_path / "face.key")
    Key.generate().save(tmp_path / "whole.key")
    assert isinstance(load_key_file(tmp_path / "face.key"), FaceKeys)
    assert isinstance(load_key_file(tmp_path / "whole.key"), Key)
    with pytest.raises(UsageError, match="single faces"):
        Key.from_file(tmp_path / "face.key")
    with pytest.raises(UsageError, match="another kind"):
        FaceKeys.from_file(tmp_path / "whole.key")


def test_a_typing_error_is_found(tmp_path):
    path = tmp_path / "face.key"
    FaceKeys([face()]).save(path)
    text = path.read_text()
    *_, line = text.splitlines()
    for place in range(len("PROFACE-FACE-KEY-1 "), len(line), 7):
        other = "A" if line[place] != "A" else "B"
        path.write_text(text.replace(line, line[:place] + other + line[place + 1 :]))
        with pytest.raises(DamagedFileError, match=r"face\.key") as caught:
            load_key_file(path)
        assert line[30:50] not in str(caught.value)


def test_a_photo_is_no_key_file(tmp_path):
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" * 50_000)
    with pytest.raises(UsageError, match="not a proface key file"):
        load_key_file(tmp_path / "photo.png")


def test_secrets_are_not_shown_or_copied():
    one = face()
    for text in (repr(one), repr(FaceKeys([one]))):
        assert one.pad.hex() not in text
        assert repr(one.seal) not in text
    for make in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError):
            make(one)


def test_no_face_no_file():
    with pytest.raises(UsageError):
        FaceKeys([])


@pytest.mark.parametrize("keys", [Key.generate(), FaceKeys([face()])], ids=["whole", "faces"])
@pytest.mark.parametrize("wrong", [">", "+", "=", "."])
def test_a_character_that_is_no_base64_is_damage_under_any_checksum(keys, wrong, tmp_path):
    """Python's decoder leaves such characters out, and what is left is too short."""
    path = tmp_path / "a.key"
    keys.save(path)
    words = path.read_text().splitlines()[-1].split()[:2]
    line = f"{words[0]} {words[1][:9]}{wrong}{words[1][10:]}"
    path.write_text(f"{line} {zlib.crc32(line.encode()):08x}\n")
    with pytest.raises(DamagedFileError, match="typing error"):
        load_key_file(path)
