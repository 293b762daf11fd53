"""Key files: made for their owner alone, never replaced, and every typing error is found."""

from __future__ import annotations

import errno
import os
import stat
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proface.errors import DamagedFileError, OutputError, OutputExistsError, UsageError
from proface.keys import Key

# The 32 bytes 0 to 31, written by hand with base64 and zlib.
LINE = "PROFACE-KEY-1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8 fb65aa73"


def key_of(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Key.from_file(path)


def test_a_saved_key_comes_back(tmp_path, cheap):
    key = Key.generate()
    key.save(tmp_path / "my.key")
    again = Key.from_file(str(tmp_path / "my.key"))
    assert again.kind == "file"
    assert again.master(cheap) == key.master(cheap)


def test_the_file_is_a_comment_and_the_documented_line(tmp_path):
    Key("file", bytes(range(32))).save(tmp_path / "my.key")
    *comments, line = (tmp_path / "my.key").read_text().splitlines()
    assert line == LINE
    assert comments
    assert all(comment.startswith("# ") for comment in comments)


def test_the_documented_line_is_read(tmp_path, cheap):
    expected = Key("file", bytes(range(32))).master(cheap)
    assert key_of(tmp_path / "a", LINE).master(cheap) == expected
    edited = f"\ufeff# mine\r\n\r\n  {LINE}  \r\n# end\r\n"
    assert key_of(tmp_path / "b", edited).master(cheap) == expected


def test_only_the_owner_can_read_it_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        Key.generate().save(tmp_path / "my.key")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "my.key").stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["my.key"]


def test_an_existing_file_is_never_replaced(tmp_path):
    path = tmp_path / "my.key"
    path.write_text("precious")
    with pytest.raises(OutputExistsError, match=r"my\.key"):
        Key.generate().save(path)
    assert path.read_text() == "precious"
    assert os.listdir(tmp_path) == ["my.key"]


def test_a_dangling_link_is_not_written_through(tmp_path):
    (tmp_path / "my.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputExistsError):
        Key.generate().save(tmp_path / "my.key")
    assert not (tmp_path / "elsewhere").exists()


def test_disk_without_hard_links(tmp_path, monkeypatch, cheap):
    def refuse(*_args):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    key = Key.generate()
    key.save(tmp_path / "my.key")
    assert Key.from_file(tmp_path / "my.key").master(cheap) == key.master(cheap)
    assert stat.S_IMODE((tmp_path / "my.key").stat().st_mode) == 0o600
    with pytest.raises(OutputExistsError):
        Key.generate().save(tmp_path / "my.key")
    assert os.listdir(tmp_path) == ["my.key"]


def test_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def full(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        Key.generate().save(tmp_path / "my.key")
    assert os.listdir(tmp_path) == []


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(OutputError, match="nowhere"):
        Key.generate().save(tmp_path / "nowhere" / "my.key")


def test_a_password_is_not_saved(tmp_path):
    with pytest.raises(UsageError):
        Key.from_password("correct horse").save(tmp_path / "my.key")
    assert os.listdir(tmp_path) == []


@given(place=st.integers(0, len(LINE) - 1), letter=st.sampled_from(string.printable))
def test_any_changed_character_is_found(tmp_path_factory, place, letter):
    path = tmp_path_factory.mktemp("typo") / "my.key"
    text = LINE[:place] + letter + LINE[place + 1 :]
    if text.split() == LINE.split():
        return  # the same character, or another blank
    with pytest.raises((DamagedFileError, UsageError), match=r"my\.key"):
        key_of(path, text)


@given(place=st.integers(len("PROFACE-KEY-1 "), len(LINE) - 2))
def test_swapped_neighbours_are_found(tmp_path_factory, place):
    swapped = LINE[:place] + LINE[place + 1] + LINE[place] + LINE[place + 2 :]
    if swapped != LINE:
        with pytest.raises(DamagedFileError):
            key_of(tmp_path_factory.mktemp("typo") / "my.key", swapped)


@pytest.mark.parametrize(
    "text",
    [
        LINE[:-1],
        LINE[:40],
        "PROFACE-KEY-1",
        LINE.upper(),
        LINE + " more",
        LINE.replace("AAEC", "ÀAEC"),
        f"{LINE}\n{LINE}",
    ],
)
def test_damaged_key_line(tmp_path, text):
    with pytest.raises(DamagedFileError, match=r"my\.key") as caught:
        key_of(tmp_path / "my.key", text)
    assert "BgcICQoL" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"# only a comment\n",
        b"hello\n",
        os.urandom(3000),
        b"\x89PNG\r\n\x1a\n" * 1000,
        b"\xff\xfe",
    ],
)
def test_foreign_file(tmp_path, content):
    with pytest.raises(UsageError, match=r"my\.key.*not a proface key file"):
        key_of(tmp_path / "my.key", content)


def test_a_later_kind_of_key_file_is_not_taken_for_this_one(tmp_path):
    with pytest.raises(UsageError, match="another kind"):
        key_of(tmp_path / "my.key", LINE.replace("PROFACE-KEY-1", "PROFACE-FACE-KEY-1"))
    # Nor is its checksum good for this one: it covers the word.
    with pytest.raises(UsageError, match="another kind"):
        key_of(tmp_path / "my.key", LINE.replace("KEY-1", "KEY-2"))


@pytest.mark.parametrize("name", ["missing.key", "."])
def test_unreadable_file_is_named(tmp_path, name):
    with pytest.raises(UsageError, match="cannot read the key file"):
        Key.from_file(tmp_path / name)
