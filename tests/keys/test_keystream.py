"""The pad is ChaCha20 as RFC 8439 has it, read as little-endian 16-bit words."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proface.errors import UsageError
from proface.keys import keystream

# RFC 8439, appendix A.1, test vectors 1 and 2: key and nonce zero, counters 0 and 1.
RFC_8439 = bytes.fromhex(
    "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
    "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"
    "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
    "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f"
)


def chacha20_block(key: bytes, counter: int) -> bytes:
    """RFC 8439 section 2.3 in plain Python, nonce zero: slow, and apart from the product."""
    start = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574, *struct.unpack("<8I", key), counter]
    start += [0, 0, 0]
    x = list(start)

    def rotate(value: int, bits: int) -> int:
        return (value << bits | value >> (32 - bits)) & 0xFFFFFFFF

    def quarter(a: int, b: int, c: int, d: int) -> None:
        for into, other, turned, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            x[into] = (x[into] + x[other]) & 0xFFFFFFFF
            x[turned] = rotate(x[turned] ^ x[into], bits)

    for _ in range(10):
        for column in range(4):
            quarter(column, column + 4, column + 8, column + 12)
        for diagonal in range(4):
            quarter(
                diagonal,
                4 + (diagonal + 1) % 4,
                8 + (diagonal + 2) % 4,
                12 + (diagonal + 3) % 4,
            )
    return struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(x, start, strict=True)))


def test_rfc_8439_vectors():
    words = keystream(bytes(32), 64)
    assert words.tobytes() == RFC_8439
    assert words.shape == (64,)
    assert words.dtype == np.dtype("<u2")
    assert words[0] == 0xB876  # 76 b8: the low byte first
    assert chacha20_block(bytes(32), 0) + chacha20_block(bytes(32), 1) == RFC_8439


@given(key=st.binary(min_size=32, max_size=32), words=st.integers(0, 200))
def test_any_key_and_count(key, words):
    blocks = b"".join(chacha20_block(key, counter) for counter in range(7))
    assert keystream(key, words).tobytes() == blocks[: 2 * words]


def test_a_shorter_pad_is_the_start_of_a_longer_one():
    key = bytes(range(32))
    np.testing.assert_array_equal(keystream(key, 1001), keystream(key, 99_999)[:1001])


def test_the_words_look_uniform():
    words = keystream(bytes(range(32)), 1 << 18)
    counts = np.bincount(words >> 8, minlength=256)
    assert abs(counts - 1024).max() < 6 * 32  # six standard deviations
    assert abs(words.mean() - 32767.5) < 6 * 18919 / 512


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_keys_of_another_length_are_refused(length):
    with pytest.raises(UsageError):
        keystream(bytes(length), 1)


@pytest.mark.parametrize("words", [-1, True, 1.0, 2**37 + 1])
def test_counts_out_of_range_are_refused(words):
    with pytest.raises(UsageError):
        keystream(bytes(32), words)
