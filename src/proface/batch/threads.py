"""Run jobs in worker threads and yield their outcomes in order.

Decoders, encoders, networks and most of numpy release the GIL, so that threads use all cores while
sharing one model and one key.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from threading import Condition
from typing import Protocol, TypeVar

from proface.batch.records import Outcome
from proface.inference.cores import core_limit, cores, limit_cores
from proface.media.decode import open_image_header
from proface.media.video.formats import is_video

MOST_WORKERS = 4  # each holds several copies of a picture, and a network's activations
MOST_PIXELS = 24_000_000  # of all pictures in progress, unless a single one has more
MANY = 4  # jobs for each worker, from which on none uses more than its share of the cores
AHEAD = 16  # jobs for each worker, so that one slow picture does not idle the others


class AnyJob(Protocol):
    """A job of any kind: it has a source."""

    @property
    def source(self) -> Path | str:
        """The input, a path or a URL."""


J = TypeVar("J", bound=AnyJob)


def run_in_threads(
    jobs: Iterable[J], work: Callable[[J], Outcome], workers: int | None = None
) -> Iterator[Outcome]:
    """Run all jobs in this process; a file that fails does not stop the others.

    Args:
        jobs: the jobs; taken from an iterator only as they are needed.
        work: does one job; called from several threads at a time.
        workers: number of threads, by default one per core, at most four.

    Yields:
        The outcomes in the order of the jobs. On KeyboardInterrupt jobs that have not started are
        cancelled, the others are finished and their outcomes yielded, and it is raised again.
    """
    available = cores()
    workers = min(workers or available, MOST_WORKERS)
    if isinstance(jobs, Sized):
        workers = min(workers, len(jobs))
    if workers <= 1:
        for job in jobs:
            yield outcome_of(job, work)
        return
    memory = MemoryLimit(MOST_PIXELS)

    def one(job: J) -> Outcome:
        with memory.reserve(_pixels(job)):
            return outcome_of(job, work)

    pool = ThreadPoolExecutor(workers, thread_name_prefix="proface")
    limit = core_limit()
    if not isinstance(jobs, Sized) or len(jobs) >= MANY * workers:
        limit_cores(max(1, available // workers))  # threads within threads wait for each other
    try:
        yield from _in_order((pool.submit(one, job) for job in jobs), workers * AHEAD)
    finally:
        pool.shutdown(cancel_futures=True)
        limit_cores(limit)


class MemoryLimit:
    """Back-pressure by memory, counted in pixels: a job larger than the limit runs alone."""

    def __init__(self, size: int) -> None:
        self._size, self._used = size, 0
        self._changed = Condition()

    @contextmanager
    def reserve(self, amount: int) -> Iterator[None]:
        """Wait until this much is free, and reserve it for the block."""
        with self._changed:
            self._changed.wait_for(lambda: not self._used or self._used + amount <= self._size)
            self._used += amount
        try:
            yield
        finally:
            with self._changed:
                self._used -= amount
                self._changed.notify_all()


def _in_order(submitted: Iterator[Future[Outcome]], ahead: int) -> Iterator[Outcome]:
    """The outcomes, with so many jobs submitted ahead of the one that is waited for."""
    waiting: deque[Future[Outcome]] = deque()
    try:
        while True:
            waiting.extend(islice(submitted, ahead - len(waiting)))
            if not waiting:
                return
            outcome = waiting[0].result()
            waiting.popleft()
            yield outcome
    except KeyboardInterrupt:
        started = [future for future in waiting if not future.cancel()]
        for future in started:
            yield future.result()
        raise


def outcome_of(job: J, work: Callable[[J], Outcome]) -> Outcome:
    """Do one job; an exception becomes a failed outcome."""
    try:
        return work(job)
    except Exception as error:  # the other files of the batch go on
        return Outcome(job.source, None, "failed", error=error)


def _pixels(job: AnyJob) -> int:
    """The pixel count in the picture's header; 0 if unreadable, which the job will report."""
    try:
        if is_video(Path(job.source)):
            return MOST_PIXELS  # its encoder uses all cores
        with open_image_header(Path(job.source)) as image:
            return max(1, image.width * image.height)
    except Exception:
        return 0
