"""Verdicts follow the figures: a leak is never called none, and none never a leak."""

import copy

import numpy as np
import pytest

from proface.research.attacks import copies
from proface.research.attacks import near_miss_keys as near_misses
from proface.research.attacks.confidence import Interval, bootstrap, wilson
from proface.research.attacks.findings import Finding, Table, from_json, write_report
from proface.research.attacks.inversion import conclude
from proface.research.attacks.randomness_tests import TESTS, p_values
from proface.research.attacks.scoring import rank1_and_verified


def record(
    target, gain, rank=(0.02, 0.0, 0.07), base=(0.02, 0.0, 0.07), negative=(0.02, 0.0, 0.07)
):
    scores = {
        "gain": list(gain),
        "gain_over_negative": list(gain),
        "discordant": {"sface": [7, 1]},
    }
    for kind, part in {"attack": rank, "baseline": base, "negative": negative}.items():
        scores[kind] = {"rank1_sface": list(part)}
    return {"target": target, "minutes": 1.0, "step": 9, "looks": {"blur:15": scores}}


LEAKING = [record("keyed", (6, 5, 7)), record("planted skip", (4, 3, 5))]


def verdict(*records, model="padded"):
    return conclude({"small": list(records)}, model)[0]


def test_a_model_that_gains_nothing_while_controls_leak_has_no_leak():
    assert verdict(record("padded", (-0.1, -0.2, 0.1)), *LEAKING) == "no leak"


def test_a_gain_in_decibels_is_a_leak_whatever_the_controls_do():
    assert verdict(record("padded", (1, 0.5, 1.5)), *LEAKING) == "leak"
    assert verdict(record("keyed", (6, 5, 7)), model="keyed") == "leak"


def test_people_named_beyond_the_baseline_are_a_leak():
    named = record("padded", (0, -0.1, 0.1), rank=(0.3, 0.22, 0.4))
    assert verdict(named, *LEAKING) == "leak"


def test_a_rank_above_what_the_look_allows_is_told_with_its_odds():
    named = record("padded", (0, -0.1, 0.1), rank=(0.08, 0.04, 0.15))
    told, because = conclude({"small": [named, *LEAKING]}, "padded")
    assert told == "inconclusive"
    assert "7 people in the attack only and 1 in the control only, sign test p 0.035" in because


def test_a_rank_that_the_negative_control_reaches_too_comes_from_the_look_and_is_told():
    named = record("padded", (0, -0.1, 0.1), rank=(0.08, 0.04, 0.15), negative=(0.08, 0.04, 0.15))
    told, because = conclude({"small": [named, *LEAKING]}, "padded")
    assert told == "no leak"
    assert (
        "1 of 1 rank-1 rates above the baseline's interval, as is the negative control" in because
    )


def test_what_is_more_than_the_negative_control_gives_is_a_leak_even_below_the_baseline():
    shown = record("padded", (-1, -1.2, -0.8))
    shown["looks"]["blur:15"]["gain_over_negative"] = [0.8, 0.6, 1.0]
    assert verdict(shown, *LEAKING) == "leak"


@pytest.mark.parametrize("failed_controls", [0, 1])
def test_a_silent_control_leaves_it_open(failed_controls):
    controls = copy.deepcopy(LEAKING)
    controls[failed_controls]["looks"]["blur:15"]["gain"] = [0.1, 0.0, 0.2]
    assert verdict(record("padded", (0, -0.1, 0.1)), *controls) == "inconclusive"


def test_without_controls_or_with_a_wide_interval_it_is_open():
    assert verdict(record("padded", (0, -0.1, 0.1))) == "inconclusive"
    assert verdict(record("padded", (0.1, -0.3, 0.5)), *LEAKING) == "inconclusive"


@pytest.mark.parametrize(
    ("gain", "told"),
    [((2, 1.5, 3), "leak"), ((0.5, -0.5, 1.5), "inconclusive"), ((0.1, -0.2, 0.4), "no leak")],
)
def test_the_worst_of_several_near_misses_decides(gain, told):
    gains = {"one bit": Interval(0, -0.1, 0.1), "a search": Interval(*gain)}
    assert near_misses.conclude(gains)[0] == told


@pytest.mark.parametrize(
    ("own", "control", "told"),
    [
        ((0.088, 0.082, 0.093), (0.73, 0.7, 0.75), "leak"),  # as small as it is, it is there
        ((0.003, -0.003, 0.008), (0.73, 0.7, 0.75), "no leak"),
        ((0.003, -0.003, 0.008), (0.09, 0.05, 0.13), "inconclusive"),
    ],
)
def test_a_small_correlation_that_is_surely_there_is_a_leak(own, control, told):
    assert copies.conclude(Interval(*own), Interval(*control)) == told


def test_intervals_hold_what_they_should():
    # Wilson's for 2 of 102, computed by hand from the formula.
    assert wilson(2, 102) == pytest.approx((0.0196, 0.0054, 0.0687), abs=5e-4)
    assert wilson(0, 0)[1:] == (0, 1)
    mean, low, high = bootstrap(np.arange(100))
    assert low < mean == 49.5 < high
    assert high - low == pytest.approx(2 * 1.96 * np.std(np.arange(100)) / 10, rel=0.1)


def test_ranks_and_verification_out_of_likenesses():
    alike = np.array([[0.9, 0.1, 0.2], [0.8, 0.3, 0.1], [0.2, 0.1, 0.95]], np.float32)
    rank1, verified = rank1_and_verified(alike, np.arange(3))
    assert rank1 == [True, False, True]
    assert verified == [True, False, True]


def test_noise_passes_the_tests_of_randomness():
    generator = np.random.default_rng(7)
    streams = [generator.integers(0, 2, 1 << 16).astype(np.uint8) for _ in range(24)]
    assert min(p_values(streams).values()) > 1e-4


@pytest.mark.parametrize("name", TESTS)
def test_each_test_of_randomness_finds_what_is_no_noise(name):
    generator = np.random.default_rng(8)
    text = np.frombuffer(b"the latents of a face are no noise at all. " * 200, np.uint8)
    biased = (generator.random(1 << 16) < 0.6).astype(np.uint8)
    periodic = np.unpackbits(text)
    values = [TESTS[name](bits) for bits in (biased, periodic)]
    assert min(values) < 1e-6


def test_the_report_says_what_the_findings_say(tmp_path):
    table = Table("T", ("a", "b"), [("x", 1)])
    finding = Finding("inversion", "Q?", "no leak", "Because.", [table], {"f": 1}, ["p.png"])
    assert from_json(finding.to_json()).to_json() == finding.to_json()
    write_report([finding], {"model": "padded"}, tmp_path)
    text = (tmp_path / "attacks.md").read_text("utf-8")
    assert "| inversion | no leak | Because. |" in text
    assert "| x | 1 |" in text
    assert "![p.png](p.png)" in text
