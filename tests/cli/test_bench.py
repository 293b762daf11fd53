"""Bench measures whatever machine it is on; here only that it does, and says what."""

import json

import pytest

from tests.cli.runs import call


@pytest.fixture(scope="module")
def figures():
    result = call("bench", "--size", "64", "--rounds", "1", "--device", "cpu", "--json")
    assert result.code == 0, result.err
    return json.loads(result.out)


def test_bench_times_photo_face_and_growth(figures):
    text = json.dumps(figures)
    for part in ("protect", "recover", "detect", "flow", "encode"):
        assert part in text


def test_bench_names_a_device_that_is_not_there():
    assert call("bench", "--device", "abacus").code == 2
