"""Several photos at a time: outcomes in order, memory bounded, begun work finished."""

import threading
import time

import pytest

from proface.batch import Job, Outcome, run_jobs
from proface.batch.running import Room


def jobs(tmp_path, number):
    return [Job(tmp_path / f"{n}.jpg", tmp_path / f"{n}.png") for n in range(number)]


def test_outcomes_come_in_order_whichever_is_done_first(tmp_path):
    def work(job):
        time.sleep(0.05 if job.source.stem == "0" else 0)
        if job.source.stem == "2":
            raise ValueError("broken")
        return Outcome(job.source, job.output, "protected")

    todo = jobs(tmp_path, 6)
    outcomes = list(run_jobs(todo, work, workers=3))

    assert [outcome.source for outcome in outcomes] == [job.source for job in todo]
    assert [outcome.status for outcome in outcomes].count("failed") == 1
    assert isinstance(outcomes[2].error, ValueError)


def test_several_are_worked_on_at_a_time(tmp_path):
    together = threading.Barrier(2, timeout=30)  # nobody passes alone

    def work(job):
        together.wait()
        return Outcome(job.source, job.output, "protected")

    outcomes = list(run_jobs(jobs(tmp_path, 4), work, workers=2))
    assert [outcome.status for outcome in outcomes] == ["protected"] * 4


def test_an_interrupt_finishes_what_was_begun_and_no_more(tmp_path):
    """The main thread is interrupted while it waits: here, by the first job's result."""
    begun, done = [], []

    def work(job):
        begun.append(job)
        if job.source.stem == "0":
            raise KeyboardInterrupt
        time.sleep(0.05)
        done.append(job)
        return Outcome(job.source, job.output, "protected")

    told = []
    with pytest.raises(KeyboardInterrupt):
        told.extend(run_jobs(jobs(tmp_path, 50), work, workers=2))
    assert len(begun) < 50
    assert done == [job for job in begun if job.source.stem != "0"]


def test_pictures_share_the_memory_and_a_huge_one_has_it_alone():
    room, inside, most, crowds = Room(10), [], [], []
    guard = threading.Lock()

    def hold(part):
        with room.taken(part):
            with guard:
                inside.append(part)
                most.append(sum(inside))
                crowds.append(list(inside))
            time.sleep(0.01)
            with guard:
                inside.remove(part)

    threads = [threading.Thread(target=hold, args=(part,)) for part in [4, 4, 4, 25, 6, 10, 0, 3]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(most) == len(threads)
    assert all(
        total <= 10 or len([p for p in crowd if p]) == 1
        for total, crowd in zip(most, crowds, strict=True)
    )
