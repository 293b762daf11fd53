"""Threads of a batch share the cores, and give them back."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from proface.batch.records import Outcome
from proface.batch.threads import AnyJob, run_in_threads
from proface.inference.cores import core_limit, cores


class _Job:
    def __init__(self, number: int) -> None:
        self.source = Path(f"{number}.jpg")


def _seen(count: int, workers: int) -> set[tuple[int | None, int]]:
    seen = set()

    def work(job: AnyJob) -> Outcome:
        seen.add((core_limit(), cv2.getNumThreads()))
        return Outcome(job.source, None, "protected")

    done = list(run_in_threads([_Job(n) for n in range(count)], work, workers))
    assert [Path(outcome.source).name for outcome in done] == [f"{n}.jpg" for n in range(count)]
    return seen


def test_in_a_long_batch_each_photo_has_its_share_of_the_cores() -> None:
    if cores() < 2:
        pytest.skip("one core cannot be shared")
    before = cv2.getNumThreads()
    assert _seen(8, 2) == {(cores() // 2, cores() // 2)}
    assert (core_limit(), cv2.getNumThreads()) == (None, before)


def test_a_few_photos_may_use_all_cores() -> None:
    before = cv2.getNumThreads()
    assert _seen(3, 2) == _seen(8, 1) == {(None, before)}
