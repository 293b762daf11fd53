"""Costs in a file come from anywhere: what is out of range is refused before it costs anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proface.errors import DamagedFileError, UsageError
from proface.keys import KdfParameters
from tests.work import counted

GOOD = KdfParameters(bytes(range(16))).to_json()

HOSTILE = {
    "memory over 256 MiB": {"memory_kib": 262145, "iterations": 1},
    "memory of 4 TiB": {"memory_kib": 2**32},
    "memory beyond any machine": {"memory_kib": 10**5000},
    "memory x iterations over 1 GiB": {"memory_kib": 262144, "iterations": 5},
    "endless iterations": {"memory_kib": 32, "iterations": 10**18},
    "nine lanes": {"lanes": 9},
    "no lanes": {"lanes": 0},
    "negative lanes": {"lanes": -4},
    "no iterations": {"iterations": 0},
    "negative iterations": {"iterations": -(10**30)},
    "no memory": {"memory_kib": 0},
    "negative memory": {"memory_kib": -65536},
    "8 KiB, one pass: 39,000 guesses a second": {"memory_kib": 8, "iterations": 1, "lanes": 1},
    "memory just under 16 MiB": {"memory_kib": 16383, "iterations": 9},
    "memory x iterations just under 64 MiB": {"memory_kib": 21845, "iterations": 3},
    "default memory, no iterations": {"iterations": 0},
    "true for one": {"iterations": True},
    "true for lanes": {"lanes": True},
    "a float": {"memory_kib": 65536.0},
    "not a number": {"memory_kib": float("nan")},
    "infinite": {"iterations": float("inf")},
    "text": {"iterations": "3"},
    "null": {"lanes": None},
    "salt of 15 bytes": {"salt": "AAECAwQFBgcICQoLDA0O"},
    "salt of 17 bytes": {"salt": "AAECAwQFBgcICQoLDA0ODxA="},
    "salt without padding": {"salt": "AAECAwQFBgcICQoLDA0ODw"},
    "salt with a second form": {"salt": "AAECAwQFBgcICQoLDA0ODx=="},
    "salt with a blank": {"salt": "AAECAwQFBgcICQoLDA0ODw= "},
    "salt in base64url": {"salt": "__________________-_-w=="},
    "salt beyond ASCII": {"salt": "é" * 24},
    "salt of a million": {"salt": "A" * 1_000_000},
    "salt as a list": {"salt": list(range(16))},
    "salt null": {"salt": None},
    "another algorithm": {"name": "argon2i"},
    "algorithm as a list": {"name": []},
    "an unknown field": {"secret": "x"},
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_parameters_are_refused_for_nothing(change):
    with counted() as work, pytest.raises(DamagedFileError) as caught:
        KdfParameters.from_json({**GOOD, **change})
    assert work.lines < 500
    assert work.peak < 1 << 20
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("field", GOOD)
def test_every_field_is_needed(field):
    with pytest.raises(DamagedFileError):
        KdfParameters.from_json({name: value for name, value in GOOD.items() if name != field})


@pytest.mark.parametrize("value", [None, 3, True, "argon2id", [], [GOOD], {}])
def test_anything_but_an_object_is_refused(value):
    with pytest.raises(DamagedFileError):
        KdfParameters.from_json(value)


def test_the_limits_themselves_are_accepted():
    for costs in [(262144, 4, 8), (65536, 16, 1), (16384, 64, 1), (16384, 4, 8), (65536, 1, 1)]:
        kdf = KdfParameters(bytes(16), *costs)
        assert KdfParameters.from_json(kdf.to_json()) == kdf


@given(
    salt=st.binary(min_size=16, max_size=16),
    lanes=st.integers(1, 8),
    memory=st.integers(16384, 262144),
    iterations=st.just(4),
)
def test_what_is_written_is_read(salt, lanes, memory, iterations):
    kdf = KdfParameters(salt, memory, iterations, lanes)
    assert KdfParameters.from_json(kdf.to_json()) == kdf


def test_the_written_form():
    assert GOOD == {
        "name": "argon2id",
        "salt": "AAECAwQFBgcICQoLDA0ODw==",
        "memory_kib": 65536,
        "iterations": 3,
        "lanes": 4,
    }


def test_a_writer_meets_the_same_limits():
    for arguments in [
        (bytes(15),),
        (bytes(16), 262145),
        (bytes(16), 65536, True),
        (bytes(16), 64, 1),
        ("0" * 16,),
    ]:
        with pytest.raises(UsageError):
            KdfParameters(*arguments)


def test_fresh_parameters_have_the_default_costs_and_a_new_salt():
    first, second = KdfParameters.fresh(), KdfParameters.fresh()
    assert first.salt != second.salt
    assert (first.memory_kib, first.iterations, first.lanes) == (65536, 3, 4)
