"""Headers with fields, bytes or all of it changed at random: refused, and never another error."""

from __future__ import annotations

import contextlib
import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proface.container.header import Header
from proface.errors import DamagedFileError
from tests.container.test_header import DENIABLE, HEADER, NESTED, summed

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


def spliced(good: bytes, data: st.DataObject) -> bytes:
    """The bytes with some of them replaced, at random."""
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(len(good), start + 20)))
    return good[:start] + data.draw(st.binary(max_size=20)) + good[end:]


def mutated(value: Any, data: st.DataObject) -> None:
    """Replace one part of a JSON value, at random, in place."""
    target = value
    while isinstance(target, (dict, list)) and target:
        keys = list(target) if isinstance(target, dict) else list(range(len(target)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(target[key], (dict, list)) or data.draw(st.booleans()):
            target[key] = data.draw(json_values)
            break
        target = target[key]


@given(st.sampled_from([HEADER, DENIABLE, NESTED]), st.data())
def test_mutated_fields_never_give_another_error(header: Header, data: st.DataObject) -> None:
    value = json.loads(header.to_bytes())
    mutated(value, data)
    try:
        encoded = summed(copy.deepcopy(value))
    except UnicodeEncodeError:
        return
    with contextlib.suppress(DamagedFileError):
        assert Header.from_bytes(encoded).to_bytes() == encoded


@given(st.sampled_from([HEADER, DENIABLE, NESTED]), st.data())
def test_mutated_bytes_never_pass(header: Header, data: st.DataObject) -> None:
    good = header.to_bytes()
    bad = spliced(good, data)
    mac = slice(good.find(b'"mac":"') + 7, good.find(b'"mac":"') + 7 + 64)
    if bad[: mac.start] == good[: mac.start] and bad[mac.stop :] == good[mac.stop :]:
        return  # the MAC itself needs the key
    try:
        Header.from_bytes(bad)
    except DamagedFileError:
        return
    pytest.fail("a damaged header was taken")


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(DamagedFileError):
        Header.from_bytes(data)
