"""Stanzas: each key opens its own, no other does, and a hostile list costs its reader little."""

from __future__ import annotations

import base64
import copy
import json

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from hypothesis import given, settings
from hypothesis import strategies as st

from proface.errors import DamagedFileError, UsageError, WrongPasswordError
from proface.keys import (
    KdfParameters,
    Key,
    check_stanzas,
    check_total_cost,
    open_stanzas,
    wrap_file_key,
)
from tests.work import counted

FILE_KEY = bytes(range(64, 96))
SALT = bytes(range(16))
CHEAP = KdfParameters(SALT, memory_kib=16384, iterations=4, lanes=2)
PASSWORD = Key.from_password("correct horse")
KEY_FILE = Key("file", bytes(range(32)))

# Made apart from the product, with argon2-cffi, PyNaCl, RFC 8439's ChaCha20 block written in
# Python, and the standard library's HMAC.
BY_HAND = [
    {
        "type": "password",
        "kdf": CHEAP.to_json(),
        "nonce": "EBESExQVFhcYGRobHB0eHw==",
        "version": 2,
        "wrapped": "IvXk1LW6TQVEWzXQS0CCoL1YFa2KWZjjF0ZQPvraHfhujkp/pGJIG6/l35DkzufN",
    },
    {
        "type": "keyfile",
        "salt": "AAECAwQFBgcICQoLDA0ODw==",
        "nonce": "EBESExQVFhcYGRobHB0eHw==",
        "version": 2,
        "wrapped": "mg5pEx8Afya2//AL956j3uOcGmpA7h8em6/4HkhOHrMilIRgvlnzNeDNIVYIBu35",
    },
]
# As written before version 2: no "version", ChaCha20-Poly1305.
OLD = [
    {
        **{name: value for name, value in BY_HAND[0].items() if name != "version"},
        "wrapped": "lFyqapVt55ED0uF+yfpLaMjo7B1A5np//OgdXTHYpJ9vg13WXLRE6MBZqoS+zG6b",
    },
    {
        **{name: value for name, value in BY_HAND[1].items() if name != "version"},
        "wrapped": "JpAxvlsJfBthGvmiZBRgTIg5khbsQH/JCuaEoRVTpf4bD5YvINpkykPdMiAf+7zG",
    },
]


@pytest.mark.parametrize("key", [PASSWORD, KEY_FILE])
@pytest.mark.parametrize("by_hand", [BY_HAND, OLD])
def test_stanzas_made_by_hand_open(key, by_hand):
    assert open_stanzas(by_hand, key) == FILE_KEY


def test_no_stanza_opens_under_two_keys(hkdf):
    """With ChaCha20-Poly1305 alone, whoever makes a file can let it open with either of two keys.

    One block of the ciphertext is chosen so that both Poly1305 tags are equal.
    """
    one, two = KEY_FILE, Key("file", bytes(range(100, 132)))
    forged = opens_with_both([one.master(CHEAP), two.master(CHEAP)], hkdf)
    assert open_stanzas([forged], one) != open_stanzas([forged], two)

    assert wrap_file_key(FILE_KEY, one, CHEAP)["version"] == 2
    for key in (one, two):
        with pytest.raises(WrongPasswordError):
            open_stanzas([{**forged, "version": 2}], key)


def opens_with_both(masters, hkdf):
    """A stanza of the old form that opens under two masters."""
    prime, high = 2**130 - 5, 2**128
    nonce = bytes(range(16, 32))
    halves = []
    for master in masters:
        key = hkdf(master, "wrap", "keyfile", salt=nonce)
        start = Cipher(ChaCha20(key, bytes(16)), mode=None).encryptor().update(bytes(32))
        r = int.from_bytes(start[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
        halves.append((r, int.from_bytes(start[16:], "little")))
    (r, s), (q, t) = halves
    lengths = high + (32 << 64)  # no associated data, 32 bytes
    inverse = pow(r**2 - q**2, -1, prime)
    for first in range(1, 1000):
        fixed = (high + first) * (r**3 - q**3) + lengths * (r - q) + s - t
        second = -fixed * inverse % prime - high
        if not 0 <= second < high:
            continue
        tags = {
            (((high + first) * a**3 + (high + second) * a**2 + lengths * a) % prime + b) % high
            for a, b in halves
        }
        if len(tags) == 1:
            parts = (number.to_bytes(16, "little") for number in (first, second, tags.pop()))
            wrapped = base64.b64encode(b"".join(parts)).decode()
            return {**OLD[1], "wrapped": wrapped}
    raise AssertionError("no forgery found")


@pytest.mark.parametrize(("key", "by_hand"), [(PASSWORD, BY_HAND[0]), (KEY_FILE, BY_HAND[1])])
def test_a_new_stanza_has_the_form_of_the_one_made_by_hand(key, by_hand):
    stanza = wrap_file_key(FILE_KEY, key, CHEAP)
    assert json.loads(json.dumps(stanza)) == stanza
    assert set(stanza) == set(by_hand)
    assert open_stanzas([stanza], key) == FILE_KEY


def test_one_file_key_for_many_keys_in_any_order():
    keys = [PASSWORD, KEY_FILE, Key.from_password("another"), Key.generate()]
    stanzas = [wrap_file_key(FILE_KEY, key, CHEAP) for key in keys]
    for key in keys:
        assert open_stanzas(stanzas, key) == FILE_KEY
        assert open_stanzas(stanzas[::-1], key) == FILE_KEY


def test_a_wrap_key_is_never_used_twice_though_a_batch_shares_its_salt():
    # The same file key under the same master: equal wrap keys would give equal ciphertexts.
    stanzas = [wrap_file_key(FILE_KEY, KEY_FILE, CHEAP) for _ in range(50)]
    assert len({stanza["wrapped"] for stanza in stanzas}) == 50
    assert len({stanza["nonce"] for stanza in stanzas}) == 50


def test_wrong_password_is_told_and_not_repeated():
    with pytest.raises(WrongPasswordError) as caught:
        open_stanzas(BY_HAND, Key.from_password("hunter2"))
    assert "hunter2" not in str(caught.value)
    assert caught.value.exit_code == 12


def test_a_key_of_the_other_kind_is_told_what_opens_the_file():
    with pytest.raises(WrongPasswordError, match="with a key file"):
        open_stanzas(BY_HAND[1:], PASSWORD)
    with pytest.raises(WrongPasswordError, match="with a password"):
        open_stanzas(BY_HAND[:1], KEY_FILE)
    with pytest.raises(WrongPasswordError):
        open_stanzas(BY_HAND, Key.generate())


def test_a_stanza_of_one_type_does_not_open_as_the_other(monkeypatch):
    # Even were the two masters equal: the type is bound into the wrap key.
    monkeypatch.setattr("proface.keys.key.argon2id", lambda _, kdf: KEY_FILE.master(kdf))
    wrapped = wrap_file_key(FILE_KEY, Key.from_password("any"), CHEAP)
    forged = {name: wrapped[name] for name in ("nonce", "version", "wrapped")}
    with pytest.raises(WrongPasswordError):
        open_stanzas([{**forged, "type": "keyfile", "salt": BY_HAND[1]["salt"]}], KEY_FILE)


@settings(max_examples=40)
@given(stanza=st.integers(0, 1), place=st.integers(0, 47), bit=st.integers(0, 7))
def test_any_flipped_bit_of_the_wrapped_key_opens_nothing(stanza, place, bit):
    changed = copy.deepcopy(BY_HAND[stanza])
    wrapped = bytearray(base64.b64decode(changed["wrapped"]))
    wrapped[place] ^= 1 << bit
    changed["wrapped"] = base64.b64encode(wrapped).decode()
    with pytest.raises(WrongPasswordError):
        open_stanzas([changed], (PASSWORD, KEY_FILE)[stanza])


@pytest.mark.parametrize(
    ("field", "value"), [("salt", "AA" * 11 + "=="), ("nonce", "AA" * 11 + "==")]
)
def test_another_salt_or_nonce_opens_nothing(field, value):
    with pytest.raises(WrongPasswordError):
        open_stanzas([{**BY_HAND[1], field: value}], KEY_FILE)


MALFORMED = {
    "not a list": {},
    "null": None,
    "text": "password",
    "empty": [],
    "33 of them": [BY_HAND[1]] * 33,
    "a number inside": [BY_HAND[0], 3],
    "a list inside": [[]],
    "no type": [{"salt": "", "nonce": "", "wrapped": ""}],
    "unknown type": [{**BY_HAND[1], "type": "scrypt"}],
    "type of another kind": [{**BY_HAND[1], "type": ["keyfile"]}],
    "type true": [{**BY_HAND[1], "type": True}],
    "password without kdf": [{**BY_HAND[1], "type": "password"}],
    "key file with kdf": [{**BY_HAND[0], "type": "keyfile"}],
    "an extra field": [{**BY_HAND[1], "comment": ""}],
    "short wrapped key": [{**BY_HAND[1], "wrapped": BY_HAND[1]["wrapped"][:-4]}],
    "long wrapped key": [{**BY_HAND[1], "wrapped": BY_HAND[1]["wrapped"] + "AAAA"}],
    "wrapped key no base64": [{**BY_HAND[1], "wrapped": "!" * 64}],
    "padding within": [{**BY_HAND[1], "wrapped": "AA==" * 16}],
    "nonce of 15 bytes": [{**BY_HAND[1], "nonce": "EBESExQVFhcYGRobHB0e"}],
    "nonce a number": [{**BY_HAND[1], "nonce": 16}],
    "hostile costs": [{**BY_HAND[0], "kdf": {**CHEAP.to_json(), "memory_kib": 2**40}}],
    "version 1, stated": [{**OLD[1], "version": 1}],
    "version 3": [{**BY_HAND[1], "version": 3}],
    "version true": [{**BY_HAND[1], "version": True}],
    "version 2.0": [{**BY_HAND[1], "version": 2.0}],
    "cheap to guess": [{**BY_HAND[0], "kdf": {**CHEAP.to_json(), "memory_kib": 64}}],
    "kdf null": [{**BY_HAND[0], "kdf": None}],
}


@pytest.mark.parametrize("stanzas", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_stanzas_are_damage_for_either_key_and_for_none(stanzas):
    with pytest.raises(DamagedFileError):
        check_stanzas(stanzas)
    for key in (PASSWORD, KEY_FILE):
        with pytest.raises(DamagedFileError):
            open_stanzas(stanzas, key)


def test_one_bad_stanza_spoils_the_list_before_any_work(monkeypatch):
    monkeypatch.setattr("proface.keys.key.argon2id", lambda *_: pytest.fail("the KDF ran"))
    with pytest.raises(DamagedFileError):
        open_stanzas([BY_HAND[0], {**BY_HAND[1], "nonce": ""}], Key.from_password("correct horse"))


def with_costs(number: int, memory_kib: int, iterations: int) -> dict[str, object]:
    kdf = KdfParameters(number.to_bytes(16, "big"), memory_kib, iterations)
    return {**BY_HAND[0], "kdf": kdf.to_json()}


def test_many_salts_at_the_highest_cost_are_refused_at_once(monkeypatch):
    monkeypatch.setattr("proface.keys.key.argon2id", lambda *_: pytest.fail("the KDF ran"))
    for costs in [(262144, 4), (65536, 16), (16384, 64)]:
        stanzas = [with_costs(number, *costs) for number in range(32)]
        with counted() as work, pytest.raises(DamagedFileError, match="too much work"):
            open_stanzas(stanzas, PASSWORD)
        assert work.lines < 10_000
        assert work.peak < 1 << 20


def test_32_stanzas_with_a_salt_each_are_fine_at_the_default_costs():
    check_stanzas([with_costs(number, 65536, 3) for number in range(32)])


def test_one_shared_salt_counts_once_at_any_cost():
    check_stanzas([with_costs(7, 262144, 4)] * 32)


def test_the_work_of_all_nested_headers_counts_together():
    lists = [[with_costs(32 * n + i, 65536, 3) for i in range(32)] for n in range(8)]
    for one in lists:
        check_stanzas(one)
    check_total_cost([lists[0]] * 8)
    with pytest.raises(DamagedFileError, match="too much work"):
        check_total_cost(lists)


def test_a_file_key_of_another_length_is_refused():
    for length in (0, 16, 31, 33):
        with pytest.raises(UsageError):
            wrap_file_key(bytes(length), KEY_FILE, CHEAP)
