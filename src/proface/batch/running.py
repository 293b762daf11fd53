"""Working through many files: several at a time, told in order.

Decoders, encoders, networks and most of numpy let go of Python's lock, so that threads keep all
cores busy while one model and one key serve all of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Condition

from proface.batch.outcome import Outcome
from proface.batch.plan import Job
from proface.media.opening import open_image_header

MOST_WORKERS = 4  # each holds a picture several times over, and a network's layers
MOST_PIXELS = 24_000_000  # of all pictures in work, unless one alone has more

Work = Callable[[Job], Outcome]


def run_jobs(jobs: Sequence[Job], work: Work, workers: int | None = None) -> Iterator[Outcome]:
    """Do all jobs; a file that fails does not stop the others.

    Args:
        jobs: in the order in which the outcomes come.
        work: does one job; several threads call it at a time.
        workers: how many threads, by default one a core, at most four.

    Yields:
        What became of each. A KeyboardInterrupt drops the jobs that were not begun, waits for those
        that were, whose files would be cut off else, tells what became of them, and is raised.
    """
    workers = min(workers or _cores(), MOST_WORKERS, len(jobs))
    if workers <= 1:
        for job in jobs:
            yield _outcome(job, work)
        return
    room = Room(MOST_PIXELS)

    def one(job: Job) -> Outcome:
        with room.taken(_pixels(job)):
            return _outcome(job, work)

    pool = ThreadPoolExecutor(workers, thread_name_prefix="proface")
    try:
        futures = [pool.submit(one, job) for job in jobs]
        yield from _in_order(futures)
    finally:
        pool.shutdown(cancel_futures=True)


class Room:
    """Memory, counted in pixels: lets work in as long as all of it fits, or one piece alone."""

    def __init__(self, size: int) -> None:
        self._size, self._used = size, 0
        self._changed = Condition()

    @contextmanager
    def taken(self, part: int) -> Iterator[None]:
        """Wait for this much room, and hold it."""
        with self._changed:
            self._changed.wait_for(lambda: not self._used or self._used + part <= self._size)
            self._used += part
        try:
            yield
        finally:
            with self._changed:
                self._used -= part
                self._changed.notify_all()


def _in_order(futures: list[Future[Outcome]]) -> Iterator[Outcome]:
    told = 0
    try:
        for future in futures:
            outcome = future.result()
            told += 1
            yield outcome
    except KeyboardInterrupt:
        begun = [future for future in futures[told:] if not future.cancel()]
        for future in begun:
            yield future.result()
        raise


def _outcome(job: Job, work: Work) -> Outcome:
    try:
        return work(job)
    except Exception as error:  # each is named in one line; the next file may be sound
        return Outcome(job.source, None, "failed", error=error)


def _pixels(job: Job) -> int:
    """How large the job's picture says it is; 0 where that cannot be read, which the job tells."""
    try:
        with open_image_header(job.source) as image:
            return max(1, image.width * image.height)
    except Exception:
        return 0


def _cores() -> int:
    """Those that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1
