"""Run a batch on stores or on a cluster, and report each outcome as it comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn, cast

import typer

from proface.cli.output import complain, progress, say
from proface.cli.run_batch import report, summary_of
from proface.errors import UsageError, plural

if TYPE_CHECKING:
    from proface.batch import Existing, Settings
    from proface.batch.store_batch import Engine
    from proface.keys import Key


def refuse(*, skip: bool, sidecar: bool, unlinkable: bool) -> None:
    """Raise UsageError for options that only work with files of this machine."""
    if skip:
        raise UsageError("--skip applies to the faces of one photo of this machine.")
    if unlinkable:
        raise UsageError(
            "--unlinkable works with --engine local and folders of this machine only: a salt for "
            "each file needs the password where the file is made, and workers do not get it."
        )
    if sidecar:
        raise UsageError("--sidecar works with --engine local and folders of this machine only.")


def run_stores(
    inputs: Sequence[str],
    output: str,
    settings: Settings,
    engine: str,
    existing: Existing,
    read_key: Callable[[], Key],
    also: Sequence[Key],
    *,
    json: bool,
    quiet: bool,
    warning: str | None,
) -> NoReturn:
    """Protect the photos and exit with the batch's exit code.

    Args:
        inputs, output, settings, engine, existing, also: see `protect_stores`.
        read_key: asks for the password; called once nothing else is wrong.
        json: print a JSON line per file instead of text.
        quiet: print errors only.
        warning: applies to all files; printed once, and in each JSON line.
    """
    from proface.batch.listing import Counted
    from proface.batch.records import code_of
    from proface.batch.store_batch import check, protect_stores

    check(inputs, output, settings, engine, also)
    if warning:
        complain(f"WARNING, {warning}")
    counts: Counter[str] = Counter()
    codes: Counter[int] = Counter()
    counted = Counted()
    outcomes = protect_stores(
        inputs,
        output,
        read_key(),
        settings,
        also=also,
        engine=cast("Engine", engine),
        existing=existing,
        counted=counted,
    )
    try:
        with progress(None, wanted=not quiet) as advance:
            for outcome in outcomes:
                counts[outcome.status] += 1
                codes[outcome.code] += 1
                report(outcome, json=json, quiet=quiet, warning=warning)
                advance()
    except KeyboardInterrupt:
        done = counts.total() - counts["failed"]
        complain(f"cancelled: {done} done. The same command does the rest.")
        raise
    if counted.others:
        complain(f"{plural(counted.others, 'file')} in the folders left out: not photos.")
    if not counts:
        complain("no photos found, nothing to do. Check the inputs.")
    if counts.total() > 1 and not (json or quiet):
        say(summary_of(counts))
    raise typer.Exit(code_of(codes))
