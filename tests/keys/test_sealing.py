"""Sealed bytes come back whole or not at all, and their length says little."""

from __future__ import annotations

import hashlib
import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import given
from hypothesis import strategies as st

from proface.errors import DamagedFileError, UsageError
from proface.keys import seal, unseal

SUBKEY = bytes(range(64, 96))
OVERHEAD = 12 + 16 + 8


@given(plaintext=st.binary(max_size=3000))
def test_what_is_sealed_comes_back(plaintext):
    assert unseal(SUBKEY, seal(SUBKEY, plaintext)) == plaintext


def test_the_form_is_as_computed_apart(monkeypatch):
    # With PyNaCl: length, "hello" and zeros to 256 bytes, under a nonce of zeros.
    monkeypatch.setattr(os, "urandom", bytes)
    expected = "6948ab92679793ce789510386a0900cb8664aab972df1498c553af6cd2b3f8be"
    assert hashlib.sha256(seal(SUBKEY, b"hello")).hexdigest() == expected


def test_sealing_twice_never_repeats_the_nonce():
    assert seal(SUBKEY, b"same") != seal(SUBKEY, b"same")


@given(plaintext=st.binary(max_size=300), place=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_any_altered_byte_is_damage(plaintext, place, flip):
    sealed = bytearray(seal(SUBKEY, plaintext))
    sealed[place % len(sealed)] ^= flip
    with pytest.raises(DamagedFileError) as caught:
        unseal(SUBKEY, bytes(sealed))
    assert caught.value.exit_code == 13


def test_cut_or_longer_is_damage():
    sealed = seal(SUBKEY, b"secret")
    for wrong in (b"", sealed[:11], sealed[:27], sealed[:-1], sealed[1:], sealed + b"\0"):
        with pytest.raises(DamagedFileError):
            unseal(SUBKEY, wrong)


@pytest.mark.parametrize(
    "padded",
    [
        (2**64 - 1).to_bytes(8, "big") + bytes(248),
        (249).to_bytes(8, "big") + bytes(248),
        (5).to_bytes(8, "big") + b"hello" + bytes(242) + b"!",
        (5).to_bytes(8, "big") + b"hello" + bytes(259),
        (5).to_bytes(8, "big") + b"hello" + bytes(242),
    ],
    ids=["endless", "one byte too long", "hidden tail", "class too large", "class too small"],
)
def test_authentic_but_not_in_the_one_form_is_damage(padded):
    sealed = bytes(12) + ChaCha20Poly1305(SUBKEY).encrypt(bytes(12), padded, None)
    with pytest.raises(DamagedFileError):
        unseal(SUBKEY, sealed)


def test_another_key_does_not_unseal():
    with pytest.raises(DamagedFileError):
        unseal(bytes(32), seal(SUBKEY, b"secret"))


def test_keys_of_another_length_are_refused():
    for length in (0, 16, 33):
        with pytest.raises(UsageError):
            seal(bytes(length), b"")
        with pytest.raises(UsageError):
            unseal(bytes(length), bytes(300))


def test_short_contents_all_have_one_length():
    assert {len(seal(SUBKEY, bytes(length))) for length in range(249)} == {12 + 256 + 16}


def test_lengths_fall_into_few_classes_at_small_cost():
    lengths = range(1000, 70_000, 13)
    sizes = [len(seal(SUBKEY, bytes(length))) for length in lengths]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) < 150  # of 5,308 lengths
    for length, size in zip(lengths, sizes, strict=True):
        assert 0 <= size - OVERHEAD - length < 0.12 * (length + 8)


@pytest.mark.parametrize(
    ("padded", "size_class"), [(256, 256), (257, 272), (1024, 1024), (1025, 1088), (65537, 67584)]
)
def test_padme_classes_worked_out_by_hand(padded, size_class):
    # 1025 has exponent 10, which takes 4 bits to write: the last 6 bits are rounded up.
    assert len(seal(SUBKEY, bytes(padded - 8))) == 12 + size_class + 16
