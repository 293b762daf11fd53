"""A Key: where it comes from, what it derives, and that it never shows itself."""

from __future__ import annotations

import copy
import os
import pickle
import threading
import traceback
from dataclasses import replace

import pytest

from proface.errors import UsageError
from proface.keys import KdfParameters, Key

SECRET = "correct horse"


def test_master_of_a_password_matches_the_reference_argon2(cheap):
    # Computed with argon2-cffi, which carries the reference implementation.
    expected = "34d3d42808115a9db68d7f0521a8af4925c8a79782ced4d8a78c9b35df95f18a"
    assert Key.from_password(SECRET).master(cheap).hex() == expected


def test_master_at_the_default_costs_matches_the_reference_argon2():
    expected = "577f1ff37e9a3e52c97d39f8e83891c1b73b0e87ffe0429cee8ede2fb005fe44"
    assert Key.from_password(SECRET).master(KdfParameters(bytes(range(16)))).hex() == expected


def test_composed_and_decomposed_accents_are_one_password():
    # The expected value is of the UTF-8 of the composed form, from argon2-cffi.
    kdf = KdfParameters(b"\xff" * 16, memory_kib=16384, iterations=4, lanes=4)
    expected = "f3c578f0563116673faee8ceb5e00f351959ee5d9fddd3cbd0d99d036a41a925"
    assert Key.from_password("pass\u00e9").master(kdf).hex() == expected
    assert Key.from_password("passe\u0301").master(kdf).hex() == expected


def test_compatibility_forms_stay_different_passwords(cheap):
    # NFC, not NFKC: the ligature is another character than its letters.
    assert Key.from_password("\ufb01").master(cheap) != Key.from_password("fi").master(cheap)


def test_spaces_are_part_of_the_password(cheap):
    assert Key.from_password(SECRET).master(cheap) != Key.from_password(SECRET + " ").master(cheap)


def test_empty_password_is_refused():
    with pytest.raises(UsageError, match="empty"):
        Key.from_password("")


def test_lone_surrogate_is_refused_without_showing_the_password():
    with pytest.raises(UsageError) as caught:
        Key.from_password("hunter2\udcff")
    shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    assert caught.value.__context__ is None
    assert "\\udcff" not in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "UnicodeEncodeError" not in shown


def test_master_changes_with_password_salt_and_every_cost(cheap):
    key = Key.from_password(SECRET)
    masters = {
        key.master(cheap),
        Key.from_password("correct horsf").master(cheap),
        key.master(replace(cheap, salt=bytes(16))),
        key.master(replace(cheap, memory_kib=16400)),
        key.master(replace(cheap, iterations=5)),
        key.master(replace(cheap, lanes=1)),
    }
    assert len(masters) == 6


def test_generated_keys_differ(cheap):
    assert Key.generate().master(cheap) != Key.generate().master(cheap)


def test_kind_says_where_the_key_comes_from():
    assert Key.from_password(SECRET).kind == "password"
    assert Key.generate().kind == "file"


def count_runs(monkeypatch: pytest.MonkeyPatch) -> list[KdfParameters]:
    runs: list[KdfParameters] = []

    def counted(password: bytes, kdf: KdfParameters) -> bytes:
        runs.append(kdf)
        return bytes(32)

    monkeypatch.setattr("proface.keys.key.argon2id", counted)
    return runs


def test_a_batch_with_one_salt_runs_the_kdf_once(monkeypatch, cheap):
    runs = count_runs(monkeypatch)
    key = Key.from_password(SECRET)
    same = KdfParameters.from_json(cheap.to_json())
    threads = [threading.Thread(target=key.master, args=(same,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert runs == [cheap]
    key.master(replace(cheap, iterations=5))
    assert len(runs) == 2


def test_what_is_remembered_is_bounded(monkeypatch, cheap):
    runs = count_runs(monkeypatch)
    key = Key.from_password(SECRET)
    for number in range(200):
        key.master(replace(cheap, salt=number.to_bytes(16, "big")))
    key.master(replace(cheap, salt=(199).to_bytes(16, "big")))
    assert len(runs) == 200  # the newest is still there
    key.master(replace(cheap, salt=bytes(16)))
    assert len(runs) == 201  # the oldest is not


@pytest.mark.parametrize(
    "key", [Key.from_password(SECRET), Key("file", b"correct horse" + b"!" * 19)]
)
def test_the_secret_is_never_shown(key, cheap):
    master = key.master(cheap)
    shown = f"{key!r} {key} {key!s:>80} {[key]} {dir(key)}"
    assert "horse" not in shown
    assert master.hex() not in shown
    assert repr(master) not in shown
    assert not hasattr(key, "__dict__")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_key_cannot_be_pickled(protocol):
    with pytest.raises(TypeError, match="secret") as caught:
        pickle.dumps(Key.from_password(SECRET), protocol)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_a_key_cannot_be_copied(duplicate):
    with pytest.raises(TypeError):
        duplicate(Key.generate())


def test_random_bytes_come_from_the_system(monkeypatch, cheap):
    monkeypatch.setattr(os, "urandom", lambda count: bytes(range(count)))
    assert Key.generate().master(cheap) == Key("file", bytes(range(32))).master(cheap)
