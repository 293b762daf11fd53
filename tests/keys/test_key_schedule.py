"""Each purpose, file, model, face and size has a key of its own, as specified."""

from __future__ import annotations

import hashlib
import hmac
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proface.errors import DamagedFileError, UsageError
from proface.keys import (
    KdfParameters,
    Key,
    deniable_file_key,
    derive,
    flow_key,
    header_mac,
    keystream,
    verify_header_mac,
)

FILE_KEY = bytes(range(64, 96))
KEY_FILE = Key("file", bytes(range(32)))


def test_a_face_key_is_as_computed_apart():
    expected = "675866a317a7baa548edb448e161f244194d5878f2ea6abb5eae472df240be3b"
    face_key = derive(FILE_KEY, "face", model="abc", face=2, height=256, width=192)
    assert face_key.hex() == expected


@given(
    file_key=st.binary(min_size=32, max_size=32),
    purpose=st.text(max_size=12),
    model=st.text(max_size=64),
    numbers=st.tuples(*[st.integers(0, 2**64 - 1)] * 3),
)
def test_derive_is_rfc_5869_of_the_fields(hkdf, file_key, purpose, model, numbers):
    face, height, width = numbers
    got = derive(file_key, purpose, model=model, face=face, height=height, width=width)
    assert got == hkdf(file_key, purpose, model, face, height, width)


def test_every_field_changes_the_key_and_the_keystream():
    variants = itertools.product(
        (FILE_KEY, bytes(32)), ("face", "seal"), ("abc", "abd"), (1, 2), (256, 128), (256, 128)
    )
    keys = [
        derive(file_key, purpose, model=model, face=face, height=height, width=width)
        for file_key, purpose, model, face, height, width in variants
    ]
    assert len(set(keys)) == 64
    assert len({keystream(key, 64).tobytes() for key in keys}) == 64


def test_text_cannot_slide_from_one_field_into_the_next():
    assert derive(FILE_KEY, "seal", model="ed") != derive(FILE_KEY, "seale", model="d")
    assert derive(FILE_KEY, "", model="x") != derive(FILE_KEY, "x", model="")


@pytest.mark.parametrize("field", ["face", "height", "width"])
@pytest.mark.parametrize("value", [-1, True, 1.0, 2**64, None])
def test_numbers_out_of_range_are_refused(field, value):
    with pytest.raises(UsageError):
        derive(FILE_KEY, "face", model="abc", **{field: value})


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_file_keys_of_another_length_are_refused(length):
    with pytest.raises(UsageError, match="32 bytes"):
        derive(b"s" * length, "face", model="abc")
    with pytest.raises(UsageError):
        header_mac(b"s" * length, "abc", b"")


def test_the_header_mac_is_hmac_sha256_under_the_header_key(hkdf):
    header_key = hkdf(FILE_KEY, "header", "abc", 0, 0, 0)
    expected = hmac.new(header_key, b"data", hashlib.sha256).digest()
    assert header_mac(FILE_KEY, "abc", b"data") == expected
    assert expected.hex() == "54beae585243c80c967fc1b32be04a68c0166557f6c7474eae7e77e1f863de9c"


@given(data=st.binary(max_size=200), place=st.integers(0, 31), bit=st.integers(0, 7))
def test_a_mac_verifies_and_an_altered_one_does_not(data, place, bit):
    mac = bytearray(header_mac(FILE_KEY, "abc", data))
    verify_header_mac(FILE_KEY, "abc", data, bytes(mac))
    mac[place] ^= 1 << bit
    with pytest.raises(DamagedFileError):
        verify_header_mac(FILE_KEY, "abc", data, bytes(mac))


def test_a_mac_is_bound_to_file_model_and_data():
    mac = header_mac(FILE_KEY, "abc", b"data")
    for arguments in [
        (bytes(32), "abc", b"data"),
        (FILE_KEY, "abd", b"data"),
        (FILE_KEY, "abc", b""),
    ]:
        with pytest.raises(DamagedFileError):
            verify_header_mac(*arguments, mac)
    for wrong in (b"", mac[:-1], mac + b"\0"):
        with pytest.raises(DamagedFileError):
            verify_header_mac(FILE_KEY, "abc", b"data", wrong)


def test_the_master_of_a_key_file_is_hkdf_of_its_bytes(hkdf, cheap):
    expected = hkdf(bytes(range(32)), "key file", salt=cheap.salt)
    assert KEY_FILE.master(cheap) == expected
    assert expected.hex() == "f94e9584e849f7036a04fa65e79098b89e38eb1246d1c73eabe22a9158817e7d"


def test_the_deniable_file_key_is_as_computed_apart(cheap):
    expected = "c3afb1fb3257f64f0a3b6f038858a63b405eb482fdfda0882b540286117e4eee"
    assert deniable_file_key(KEY_FILE, cheap, bytes(range(32))).hex() == expected


def test_any_password_gives_some_deniable_file_key(cheap):
    keys = [Key.from_password(text) for text in ("right", "wrong")]
    nonces = [bytes(32), b"\1" * 32]
    file_keys = {deniable_file_key(key, cheap, nonce) for key in keys for nonce in nonces}
    assert len(file_keys) == 4


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_deniable_nonce_of_another_length_is_refused(length, cheap):
    with pytest.raises(UsageError, match="32 bytes"):
        deniable_file_key(KEY_FILE, cheap, bytes(length))


def test_the_flow_key_is_as_computed_apart():
    nonce = bytes(range(16))
    of_file = flow_key(KEY_FILE, nonce, model="abc", height=256, width=192)
    assert of_file.hex() == "106ce38ed54b09deeb29f6c886e2b3839a575bf82ee98311a0b1ba31be91ec30"
    # A password's nonce is the Argon2id salt, too, at the default costs.
    of_password = flow_key(
        Key.from_password("correct horse"), nonce, model="abc", height=256, width=192
    )
    assert of_password.hex() == "4f836e93f707819cca05d588b73b338cb900157b6220a1170ce4ff28e948c868"


def test_the_flow_key_is_bound_to_nonce_model_and_size():
    keys = {
        flow_key(KEY_FILE, nonce, model=model, height=height, width=width)
        for nonce in (bytes(16), b"\1" * 16)
        for model in ("abc", "abd")
        for height in (256, 128)
        for width in (256, 128)
    }
    assert len(keys) == 16


@pytest.mark.parametrize("nonce", [b"", bytes(12), bytes(15), bytes(17), bytes(32), "0" * 16, None])
def test_flow_nonce_of_another_length_is_refused(nonce):
    with pytest.raises(UsageError, match="16 bytes"):
        flow_key(KEY_FILE, nonce, model="abc", height=256, width=256)


def test_purposes_of_a_master_and_of_a_file_key_never_meet():
    # One 32-byte value in every role: the keys that come of it all differ.
    kdf, secret = KdfParameters(bytes(16)), bytes(32)
    key = Key("file", secret)
    made = [
        key.master(kdf),
        deniable_file_key(key, kdf, bytes(32)),
        flow_key(key, bytes(16), model="abc", height=0, width=0),
        derive(secret, "flow", model="abc"),
        derive(secret, "key file", model=""),
    ]
    assert len(set(made)) == len(made)
