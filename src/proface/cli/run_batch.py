"""Run a batch and report the outcome of each file."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import typer

from proface.cli import state
from proface.cli.output import complain, printable, progress, say, say_json, with_dashes
from proface.errors import FacesRequiredError, ProfaceError, describe

if TYPE_CHECKING:
    from proface.batch import Job, Outcome, Plan


def run(
    plan: Plan,
    make_work: Callable[[], Callable[[Job], Outcome]],
    *,
    json: bool,
    quiet: bool,
    warning: str | None = None,
    require_work: bool = False,
) -> None:
    """Run a plan and exit with its exit code.

    Args:
        plan: the jobs.
        make_work: returns the function that does one job; may ask for the password, so it is only
            called if there are jobs.
        json: print a JSON line per file instead of text.
        quiet: print errors only.
        require_work: exit as without a face if there is no photo at all.
        warning: applies to all files; printed once, and in each JSON line.
    """
    from proface.batch import Outcome, exit_code, run_jobs

    text = not (json or quiet)
    outcomes: list[Outcome] = []

    def tell(outcome: Outcome) -> None:
        outcomes.append(outcome)
        report(outcome, json=json, quiet=quiet, warning=warning)

    for note in (*plan.notes, *([f"WARNING, {warning}"] if warning else [])):
        complain(note)
    for path, error in plan.failed:
        tell(Outcome(path, None, "failed", error=error))
    if not plan.total:
        complain("no photos found, nothing to do. Check the inputs.")
        if require_work:
            raise typer.Exit(FacesRequiredError.exit_code)
    if plan.jobs:
        work = make_work()
        try:
            with progress(len(plan.jobs), wanted=not quiet) as advance:
                for outcome in run_jobs(plan.jobs, work):
                    tell(outcome)
                    advance()
        except KeyboardInterrupt:
            done = sum(1 for outcome in outcomes if outcome.error is None)
            complain(f"cancelled: {done} of {plan.total} done. Resume with --skip-existing.")
            raise
    if text and plan.total > 1:
        say(summary_of(Counter(outcome.status for outcome in outcomes)))
    raise typer.Exit(exit_code(outcomes, plan.total))


def report(outcome: Outcome, *, json: bool, quiet: bool, warning: str | None) -> None:
    """Tell of one file: an error on stderr, else a sentence or a JSON line on stdout."""
    if outcome.error is not None:
        _complain(outcome)
    elif not (json or quiet):
        from proface.batch import sentence

        say(sentence(outcome))
    if json:
        record = outcome.to_json() | ({"warning": warning} if warning else {})
        if outcome.error is not None:
            record["error"] = with_dashes(record["error"])
        say_json(record)


def summary_of(counts: Mapping[str, int]) -> str:
    """The numbers of files by status, in words."""
    words = {"no faces": "without faces"}
    order = ("protected", "recovered", "copied", "cropped", "no faces", "skipped", "failed")
    return ", ".join(f"{counts[s]} {words.get(s, s)}" for s in order if counts.get(s))


def _complain(outcome: Outcome) -> None:
    assert outcome.error is not None
    complain(describe(outcome.error, outcome.source))
    if state.debug and not isinstance(outcome.error, ProfaceError):
        for line in "".join(traceback.format_exception(outcome.error)).splitlines():
            complain(printable(line))
