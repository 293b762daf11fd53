"""`keys export`, `list`, `add`, `remove`, and `--exact`, as a user runs them."""

from __future__ import annotations

import json
import shutil
import stat

import pytest

from tests.cli.runs import WITH, call, files, pixels, psnr

REGIONS = ("--no-detect", "--region", "0,0,48,48", "--region", "64,0,48,48")


@pytest.fixture(scope="module")
def pair(portrait, tmp_path_factory):
    """Two regions, exact."""
    path = tmp_path_factory.mktemp("pair") / "pair.png"
    made = call("protect", portrait, "-o", path, "--exact", *REGIONS, *WITH)
    assert made.code == 0
    assert "2 regions, pixelate:32; recovers bit for bit" in made.out
    return path


@pytest.fixture
def mine(pair, tmp_path):
    return shutil.copy(pair, tmp_path / "mine.png")


def test_exact_is_said_and_true(pair, portrait, tmp_path):
    shown = call("inspect", pair)
    assert "bit for bit" in shown.out
    assert "the pixels of 2 regions" in shown.out
    assert json.loads(call("inspect", pair, "--json").out)["exact"] is True

    verified = call("verify", pair, "--original", portrait, *WITH)
    assert verified.out.count("exactly") == 2
    (report,) = map(json.loads, call("verify", pair, "--json", *WITH).out.splitlines())
    assert [region["exact"] for region in report["regions"]] == [True, True]

    back = call("recover", pair, "-o", tmp_path / "back.png", *WITH)
    assert "every pixel as it was" in back.out
    assert (pixels(tmp_path / "back.png") == pixels(portrait)).all()


def test_not_exact_is_said_too(protected, tmp_path):
    assert "nearly" in call("inspect", protected).out
    back = call("recover", protected, "-o", tmp_path / "back.png", "--json", *WITH)
    assert json.loads(back.out)["exact"] is False


def test_deniable_and_exact_are_refused_at_once(portrait, tmp_path):
    result = call("protect", portrait, "-o", tmp_path / "a.png", "--exact", "--deniable")
    assert result.code == 2
    assert "--deniable" in result.err
    assert files(tmp_path) == []


def test_a_face_is_handed_out(pair, portrait, tmp_path):
    key, out = tmp_path / "face2.key", tmp_path / "out.png"
    made = call("keys", "export", pair, "--face", 2, "-o", key, *WITH)
    assert made.code == 0
    assert "face 2" in made.out
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_text().splitlines()[-1].startswith("PROFACE-FACE-KEY-1 ")

    opened = call("recover", pair, "-o", out, "--key-file", key)
    assert opened.code == 0
    assert "opened face 2, bit for bit; 1 face still protected" in opened.out
    area = slice(0, 48), slice(64, 112)
    assert (pixels(out)[area] == pixels(portrait)[area]).all()
    differs = (pixels(out) != pixels(pair)).any(axis=2)
    differs[area] = False
    assert not differs.any()
    # No header that nobody could verify: the copy is an ordinary picture.
    assert call("recover", out, "-o", tmp_path / "no.png", "--key-file", key).code == 1

    record = json.loads(
        call("recover", pair, "-o", tmp_path / "b.png", "--key-file", key, "--json").out
    )
    assert (record["opened"], record["closed"], record["exact"]) == ([2], 1, True)
    assert call("keys", "export", pair, "--face", 1, "-o", key, *WITH).code == 1  # never replaced


def test_a_face_key_opens_nothing_else(pair, protected, tmp_path):
    key = tmp_path / "face1.key"
    assert call("keys", "export", pair, "--face", 1, "-o", key, *WITH).code == 0

    other = call("recover", protected, "-o", tmp_path / "a.png", "--key-file", key)
    assert other.code == 12
    assert "another protected photo" in other.err
    for command in (
        ("verify", pair),
        ("protect", pair, "-o", tmp_path / "a.png"),
        ("keys", "export", pair, "--face", 2, "-o", tmp_path / "2.key"),
        ("keys", "remove", pair, 1),
    ):
        refused = call(*command, "--key-file", key)
        assert refused.code == 2
        assert "single faces" in refused.err
    assert files(tmp_path) == ["face1.key"]


def test_what_cannot_be_exported(pair, deniable, tmp_path):
    out = ("-o", tmp_path / "a.key", *WITH)
    assert "no face 9" in call("keys", "export", pair, "--face", 9, *out).err
    assert call("keys", "export", deniable, "--face", 1, *out).code == 2
    assert files(tmp_path) == []


def test_keys_come_and_go(mine, pair, tmp_path):
    other, word = tmp_path / "other.key", tmp_path / "word"
    assert call("keys", "generate", other).code == 0
    word.write_text("another word\n")
    refused = call("keys", "remove", mine, 1, *WITH)
    assert refused.code == 2
    assert "last key" in refused.err

    added = call("keys", "add", mine, "--also-key-file", other, "--also-password-file", word, *WITH)
    assert (added.code, added.out) == (0, f"{mine}: opens with 3 keys now\n")
    listed = json.loads(call("keys", "list", mine, "--key-file", other, "--json").out)
    assert [one["type"] for one in listed["keys"]] == ["password", "password", "keyfile"]
    assert [one["yours"] for one in listed["keys"]] == [False, False, True]
    assert "yours" in call("keys", "list", mine, *WITH).out

    removed = call("keys", "remove", mine, 1, "--key-file", other)
    assert removed.code == 0
    assert "older copies" in removed.out
    assert call("recover", mine, "-o", tmp_path / "a.png", *WITH).code == 12
    for option in (("--key-file", other), ("--password-file", word)):
        out = tmp_path / f"{option[0]}.png"
        assert call("recover", mine, "-o", out, *option).code == 0
    assert (pixels(mine) == pixels(pair)).all()


def test_protecting_for_several_at_once(portrait, tmp_path):
    word, out = tmp_path / "word", tmp_path / "out.png"
    word.write_text("another word\n")
    args = ("-o", out, "--no-check", "--also-password-file", word, *WITH)
    assert call("protect", portrait, *args).code == 0
    for n, option in enumerate((WITH, ("--password-file", word))):
        assert call("recover", out, "-o", tmp_path / f"{n}.png", *option).code == 0
        assert psnr(pixels(tmp_path / f"{n}.png"), pixels(portrait)) > 35

    twice = call("protect", portrait, "-o", tmp_path / "no.png", "--also-password-file", word,
                 "--password-file", word)  # fmt: skip
    assert twice.code == 2
    assert "already" in twice.err


def test_a_file_that_was_altered_is_left(mine, tmp_path):
    data = bytearray(mine.read_bytes())
    place = data.index(b"prFc") + 200
    data[place] ^= 1
    mine.write_bytes(data)
    refused = call("keys", "add", mine, *WITH)
    assert refused.code == 13
    assert mine.read_bytes() == data
