"""Several photos at a time: outcomes in order, memory bounded, begun work finished."""

import threading
from concurrent.futures import Future

import pytest

from proface.batch import Job, Outcome
from proface.batch.threads import MemoryLimit, run_in_threads


def jobs(tmp_path, number):
    return [Job(tmp_path / f"{n}.jpg", tmp_path / f"{n}.png") for n in range(number)]


def test_outcomes_come_in_order_whichever_is_done_first(tmp_path):
    others = threading.Semaphore(0)

    def work(job):
        if job.source.stem == "0":  # done after all the others
            assert all(others.acquire(timeout=300) for _ in range(5))
        else:
            others.release()
        if job.source.stem == "2":
            raise ValueError("broken")
        return Outcome(job.source, job.output, "protected")

    todo = jobs(tmp_path, 6)
    outcomes = list(run_in_threads(todo, work, workers=3))

    assert [outcome.source for outcome in outcomes] == [job.source for job in todo]
    assert [outcome.status for outcome in outcomes].count("failed") == 1
    assert isinstance(outcomes[2].error, ValueError)


def test_several_are_worked_on_at_a_time(tmp_path):
    together = threading.Barrier(2, timeout=300)  # nobody passes alone

    def work(job):
        together.wait()
        return Outcome(job.source, job.output, "protected")

    outcomes = list(run_in_threads(jobs(tmp_path, 4), work, workers=2))
    assert [outcome.status for outcome in outcomes] == ["protected"] * 4


def test_an_interrupt_finishes_what_was_begun_and_no_more(tmp_path, monkeypatch):
    """The main thread is interrupted while it waits: here, by the first job's result."""
    begun, done, cancelled, cancel = [], [], threading.Event(), Future.cancel

    def told_last(future):
        tried.append(cancel(future))
        if len(tried) == 49:
            cancelled.set()
        return tried[-1]

    tried = []
    monkeypatch.setattr(Future, "cancel", told_last)

    def work(job):
        begun.append(job)
        if job.source.stem == "0":
            raise KeyboardInterrupt
        cancelled.wait(300)
        done.append(job)
        return Outcome(job.source, job.output, "protected")

    told = []
    with pytest.raises(KeyboardInterrupt):
        told.extend(run_in_threads(jobs(tmp_path, 50), work, workers=2))
    assert len(begun) <= 3  # the first, and one more for each thread
    # Two threads finish in any order: what counts is that whatever was begun was finished.
    assert {job.source for job in done} == {job.source for job in begun if job.source.stem != "0"}


def test_pictures_share_the_memory_and_a_huge_one_has_it_alone():
    room, inside, most, crowds = MemoryLimit(10), [], [], []
    guard = threading.Lock()

    def hold(part):
        with room.reserve(part):
            with guard:
                inside.append(part)
                most.append(sum(inside))
                crowds.append(list(inside))
            threading.Event().wait(0.01)  # to be inside together; true whatever it takes
            with guard:
                inside.remove(part)

    threads = [threading.Thread(target=hold, args=(part,)) for part in [4, 4, 4, 25, 6, 10, 0, 3]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert len(most) == len(threads)
    assert all(
        total <= 10 or len([p for p in crowd if p]) == 1
        for total, crowd in zip(most, crowds, strict=True)
    )
