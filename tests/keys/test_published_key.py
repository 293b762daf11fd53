"""The paper's key map, bit by bit against the standard library."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proface.errors import UsageError
from proface.keys import paper_key_map


@given(
    password=st.one_of(
        st.text(st.characters(max_codepoint=255), min_size=1, max_size=20), st.integers(0, 255)
    ),
    height=st.integers(1, 12),
    width=st.integers(1, 12),
)
def test_every_sign_is_the_bit_of_pbkdf2_in_its_place(password, height, width):
    encoded = password.encode("latin-1") if isinstance(password, str) else bytes([password])
    stream = hashlib.pbkdf2_hmac("sha512", encoded, b"\x01", 10, height * width // 8 + 1)
    signs = paper_key_map(password, height, width)
    assert signs.shape == (1, height, width)
    assert signs.dtype == np.int8
    for row in range(height):
        for column in range(width):
            place = row * width + column
            bit = stream[place // 8] >> (7 - place % 8) & 1
            assert signs[0, row, column] == (1 if bit else -1)


def test_the_first_signs_written_out():
    # f6 85 = 1111 0110 1000 0101
    expected = [1, 1, 1, 1, -1, 1, 1, -1, 1, -1, -1, -1, -1, 1, -1, 1]
    assert paper_key_map("password", 2, 8).ravel().tolist() == expected


def test_a_number_is_one_byte_and_not_its_digits():
    np.testing.assert_array_equal(paper_key_map(65, 16, 16), paper_key_map("A", 16, 16))
    assert (paper_key_map(7, 16, 16) != paper_key_map("7", 16, 16)).any()


def test_the_full_size_is_balanced_and_the_password_matters():
    first, second = paper_key_map("a", 256, 256), paper_key_map("b", 256, 256)
    assert abs(first.mean()) < 0.03
    assert abs((first == second).mean() - 0.5) < 0.02


@pytest.mark.parametrize("password", ["", "\u0100", "pass\u20ac", -1, 256, True, 3.0, b"x", None])
def test_passwords_it_cannot_take_are_refused(password):
    with pytest.raises(UsageError) as caught:
        paper_key_map(password, 8, 8)
    assert "pass\u20ac" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("size", [(0, 8), (8, -8), (True, 8), (8, 8.0)])
def test_sizes_it_cannot_make_are_refused(size):
    with pytest.raises(UsageError):
        paper_key_map("password", *size)
