"""Measure many images on all cores, and save each record as soon as it is there.

An interrupted run is resumed: `records.jsonl` has a line of options, then one for each image.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any

from proface.errors import ProfaceError, UsageError
from proface.inference.cores import cores, limit_cores
from proface.research.evaluation.measure import Job, MeasureOptions, Record, measure

FILE = "records.jsonl"
OTHERS = 5  # candidate photos for a swap, should the first have no face


class Records:
    """The file of a run's records.

    Raises:
        UsageError: the file belongs to a run with other options, or is damaged.
    """

    def __init__(self, folder: Path, what: dict[str, Any]) -> None:
        self.path = folder / FILE
        self.found: dict[tuple[str, str], Record] = {}
        if self.path.exists():
            self._read(what)
        else:
            self._append({"what": what})

    def _read(self, what: dict[str, Any]) -> None:
        lines = self.path.read_bytes().split(b"\n")
        whole, cut_off = lines[:-1], lines[-1]
        try:
            records = [json.loads(line) for line in whole]
            before = records[0]["what"]
            self.found = {(r["data"], r["image"]): r for r in records[1:]}
        except (ValueError, KeyError, IndexError, TypeError):
            raise UsageError(
                f"{self.path}: not records of an evaluation. Give another folder as --out."
            ) from None
        if before != what:
            changed = ", ".join(k for k in what if what[k] != before.get(k))
            raise UsageError(
                f"{self.path}: records of a run with other options ({changed}). Give another "
                "folder as --out, or remove that file to start again."
            )
        if cut_off:  # the run was killed as it wrote
            with self.path.open("r+b") as file:
                file.truncate(sum(len(line) + 1 for line in whole))

    def add(self, record: Record) -> None:
        """Keep a record, in memory and on disk."""
        self.found[record["data"], record["image"]] = record
        self._append(record)

    def _append(self, entry: dict[str, Any]) -> None:
        with self.path.open("a", encoding="ascii") as file:
            file.write(json.dumps(entry) + "\n")


def run(jobs: Sequence[Job], options: MeasureOptions) -> Iterator[Record]:
    """Measure images in parallel; records come in the order of completion.

    Raises:
        ProfaceError: an error that every image would have.
    """
    workers = max(1, min(cores(), len(jobs)))
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_begin)
    waiting: set[Future[Record]] = set()
    rest = iter(jobs)
    try:
        for job in rest:
            waiting.add(pool.submit(measure, job, options))
            if len(waiting) < 2 * workers:
                continue
            yield from _done(waiting)
        while waiting:
            yield from _done(waiting)
    except BrokenProcessPool:
        raise ProfaceError(
            "A worker process was killed, perhaps for lack of memory. Run the same command "
            "again to resume."
        ) from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _done(waiting: set[Future[Record]]) -> Iterator[Record]:
    done, rest = wait(waiting, return_when=FIRST_COMPLETED)
    waiting.clear()
    waiting.update(rest)
    for future in done:
        yield future.result()


def _begin() -> None:
    """Set up a worker: one thread, Ctrl-C left to the parent, exit with the parent."""
    limit_cores(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, daemon=True).start()


def _follow() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
