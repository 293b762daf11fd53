"""Runners execute the jobs of a batch and yield the outcomes in the order of the jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from proface.batch.plan import Job
from proface.batch.records import Outcome
from proface.batch.threads import run_in_threads

Work = Callable[[Job], Outcome]
Runner = Callable[[Sequence[Job], Work], Iterator[Outcome]]

DEFAULT_RUNNER = "local"
# A new runner is a module and a line here.
RUNNERS: dict[str, Runner] = {"local": run_in_threads}


def run_jobs(jobs: Sequence[Job], work: Work, runner: str = DEFAULT_RUNNER) -> Iterator[Outcome]:
    """Run all jobs; a file that fails does not stop the others."""
    return RUNNERS[runner](jobs, work)
