"""Runs a batch and tells what became of each file."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import typer

from proface.cli import state
from proface.cli.output import complain, printable, progress, say, say_json
from proface.errors import ProfaceError, describe

if TYPE_CHECKING:
    from proface.batch import Job, Outcome, Plan


def run(
    plan: Plan,
    make_work: Callable[[], Callable[[Job], Outcome]],
    *,
    json: bool,
    quiet: bool,
    warning: str | None = None,
) -> None:
    """Work through a plan and leave with its exit code.

    Args:
        plan: the jobs.
        make_work: gives what does one job; asks for the password, so only called if there is one.
        json: a JSON line for each file instead of text.
        quiet: errors only.
        warning: what holds for all files; told once, and in each JSON line.
    """
    from proface.batch import Outcome, exit_code, run_jobs

    text = not (json or quiet)
    outcomes: list[Outcome] = []

    def tell(outcome: Outcome) -> None:
        outcomes.append(outcome)
        if outcome.error is not None:
            _complain(outcome)
        elif text:
            say(sentence(outcome))
        if json:
            say_json(outcome.to_json() | ({"warning": warning} if warning else {}))

    for note in (*plan.notes, *([f"WARNING, {warning}"] if warning else [])):
        complain(note)
    for path, error in plan.failed:
        tell(Outcome(path, None, "failed", error=error))
    if not plan.total:
        complain("no photos found, nothing to do.")
    if plan.jobs:
        work = make_work()
        try:
            with progress(len(plan.jobs), wanted=not quiet) as bar:
                for outcome in run_jobs(plan.jobs, work):
                    tell(outcome)
                    if bar is not None:
                        bar.advance()
        except KeyboardInterrupt:
            done = sum(1 for outcome in outcomes if outcome.error is None)
            complain(f"cancelled: {done} of {plan.total} done. --skip-existing completes the rest.")
            raise
    if text and plan.total > 1:
        say(summary(outcomes))
    raise typer.Exit(exit_code(outcomes, plan.total))


def summary(outcomes: Sequence[Outcome]) -> str:
    """How many files of each kind."""
    counts: Counter[str] = Counter(outcome.status for outcome in outcomes)
    words = {"no faces": "without faces"}
    order = ("protected", "recovered", "copied", "cropped", "no faces", "skipped", "failed")
    return ", ".join(f"{counts[s]} {words.get(s, s)}" for s in order if counts[s])


def sentence(outcome: Outcome) -> str:
    """An outcome without an error, for people."""
    facts = outcome.facts
    if outcome.status == "skipped":
        return f"{outcome.source}: skipped, {outcome.output} exists"
    if outcome.status == "no faces":
        return f"{outcome.source}: {_no_faces(outcome)}, nothing written"
    parts = []
    if outcome.status == "copied":
        parts.append(f"{_no_faces(outcome)}, copied unprotected")
    if outcome.status == "protected":
        parts += _protected(outcome)
    if outcome.status == "recovered":
        parts += [f"WARNING, {warning}" for warning in facts["warnings"]]
        parts += _recovered(facts)
        if facts["closed"] and facts["opened"] is None:
            parts.append(
                f"{plural(facts['closed'], 'region')} of an earlier protection still hidden: "
                "this password does not open it"
            )
    return f"{outcome.source} -> {outcome.output}" + (": " + "; ".join(parts) if parts else "")


def _protected(outcome: Outcome) -> list[str]:
    regions = outcome.facts["regions"]
    parts = [f"{plural(len(regions), 'region')}, {regions[0]['look']}"]
    figures = [region.get("psnr") or float("inf") for region in regions]
    if outcome.facts["exact"]:
        parts.append("recovers bit for bit")
    elif min(figures) < float("inf"):
        parts.append(f"recovers at {min(figures):.1f} dB")
    if outcome.facts["uncovered"]:
        parts.append(f"{plural(outcome.facts['uncovered'], 'face')} NOT hidden")
    return parts


def _recovered(facts: dict[str, Any]) -> list[str]:
    exactly = ", bit for bit" if facts["exact"] else ""
    if facts["opened"] is None:
        return ["every pixel as it was"] if exactly and not facts["closed"] else []
    parts = [f"opened {numbered('face', facts['opened'])}{exactly}"]
    if facts["closed"]:
        parts.append(
            f"{plural(facts['closed'], 'face')} still protected, for good in this copy: keep "
            "the protected file"
        )
    return parts


def _no_faces(outcome: Outcome) -> str:
    found = outcome.facts["faces"]
    return f"{plural(found, 'face')} found but none to hide" if found else "no face found"


def plural(number: int, what: str) -> str:
    """ "1 region", "2 regions"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def numbered(what: str, numbers: Sequence[int]) -> str:
    """ "face 3", "faces 1, 3"."""
    return f"{what}{'' if len(numbers) == 1 else 's'} {', '.join(map(str, numbers))}"


def _complain(outcome: Outcome) -> None:
    assert outcome.error is not None
    complain(describe(outcome.error, outcome.source))
    if state.debug and not isinstance(outcome.error, ProfaceError):
        for line in "".join(traceback.format_exception(outcome.error)).splitlines():
            complain(printable(line))
