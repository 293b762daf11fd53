"""LFW's figures on cosines whose answers are known."""

import numpy as np
import pytest

from proface.research.evaluation.verification import (
    Scores,
    area,
    best_threshold,
    equal_error,
    far_threshold,
    roc,
    verification,
)


def scores(cosines, same, folds=None):
    cosines = np.array(cosines, float)
    return Scores(cosines, np.array(same, bool), np.array(folds or [0] * len(cosines)))


def test_pairs_that_lie_apart_are_told_without_error():
    same = [True] * 20 + [False] * 20
    pairs = scores(
        np.linspace(0.9, 0.5, 20).tolist() + np.linspace(0.3, 0, 20).tolist(), same, [0, 1] * 20
    )

    found = verification(pairs)

    assert found["accuracy"] == 1
    assert found["auc"] == 1
    assert found["eer"] == 0
    assert [found[f"tar_at_{far}"] for far in ("0.1", "0.01", "0.001")] == [1, 1, 1]


def test_cosines_that_say_nothing_give_half():
    random = np.random.default_rng(0)
    pairs = scores(random.normal(size=4000), [True, False] * 2000, sorted([0, 1, 2, 3] * 1000))

    found = verification(pairs)

    assert found["accuracy"] == pytest.approx(0.5, abs=0.03)
    assert found["auc"] == pytest.approx(0.5, abs=0.03)
    assert found["eer"] == pytest.approx(0.5, abs=0.03)
    assert found["tar_at_0.1"] == pytest.approx(0.1, abs=0.04)


def test_two_normal_distributions_give_what_theory_says():
    """d' = 2: AUC = Phi(sqrt 2) = 0.9214, EER = Phi(-1) = 0.1587, best accuracy 0.8413."""
    random = np.random.default_rng(1)
    same = np.array([True, False] * 20000)
    pairs = scores(random.normal(size=40000) + 2 * same, same, sorted([0, 1, 2, 3] * 10000))

    found = verification(pairs)

    assert found["auc"] == pytest.approx(0.9214, abs=0.005)
    assert found["eer"] == pytest.approx(0.1587, abs=0.008)
    assert found["accuracy"] == pytest.approx(0.8413, abs=0.008)
    assert found["tar_at_0.01"] == pytest.approx(0.3721, abs=0.03)  # 1 - Phi(2.326 - 2)


def test_what_decides_a_fold_comes_from_the_others():
    """Each fold alone could be told without error, at a threshold that is wrong for the other."""
    pairs = scores([0.9, 0.8, 0.2, 0.1], [True, False] * 2, [0, 0, 1, 1])

    assert verification(pairs)["accuracy"] == 0.5
    assert verification(scores([0.9, 0.8, 0.2, 0.1], [True, True, False, False]))["accuracy"] == 1


def test_equal_cosines_are_accepted_or_refused_together():
    flat = scores([0.5] * 10, [True, False] * 5)

    assert verification(flat)["accuracy"] == 0.5
    assert area(roc(flat)) == 0.5
    assert equal_error(roc(flat)) == 0.5


def test_thresholds():
    cosines = np.array([0.1, 0.2, 0.6, 0.7])
    assert best_threshold(cosines, np.array([False, False, True, True])) == pytest.approx(0.4)
    assert best_threshold(cosines, np.array([True] * 4)) < 0.1
    strangers = np.linspace(0, 1, 1001)
    assert np.mean(strangers >= far_threshold(strangers, 0.01)) == pytest.approx(0.01, abs=0.001)
    assert np.mean(strangers >= far_threshold(strangers[:10], 0.001)) < 1
    assert not (strangers[:10] >= far_threshold(strangers[:10], 0.001)).any()
