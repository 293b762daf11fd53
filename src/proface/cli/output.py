"""Output of the commands: plain lines, tables, a progress bar on a terminal."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from proface.cli import state

PIPE_WIDTH = 120
_reports = "stdout"


def take_over_streams(*, libraries: bool) -> None:
    """Make stdout and stderr safe to print to, and silence libraries unless `libraries`.

    Decoders print warnings (libtiff to the file descriptor, Pillow through warnings and logging),
    but an error should be one line.
    """
    # If a standard descriptor is closed, the next opened file gets its number, and library output
    # would go into that file.
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                os.open(os.devnull, os.O_RDWR)
    sys.stdout = sys.stdout or open(1, "w", closefd=False)
    sys.stderr = sys.stderr or open(2, "w", closefd=False)
    if not libraries:
        warnings.simplefilter("ignore")
        logging.getLogger("PIL").addHandler(logging.NullHandler())
        encoding = getattr(sys.stderr, "encoding", "utf-8")
        with contextlib.suppress(OSError):  # without a null device, libraries are not silenced
            silence = os.open(os.devnull, os.O_WRONLY)
            sys.stderr = open(os.dup(2), "w", encoding=encoding, buffering=1)
            os.dup2(silence, 2)
            os.close(silence)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # for characters outside the terminal's encoding
            stream.reconfigure(errors="backslashreplace")


def printable(text: str) -> str:
    """Escape everything that is not printable, as line breaks and terminal escape sequences.

    File names may contain both, and bytes that are not UTF-8.
    """
    for path, name in state.names.items():
        text = text.replace(path, name)
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode()
        for char in text
    )


def with_dashes(text: str) -> str:
    """Write options as on the command line: the library says "option `skip_existing`"."""
    text = re.sub(r"\b[Oo]ptions? (?=`)", "", text)
    return re.sub(r"`([a-z_]+)`", lambda name: f"--{name[1].replace('_', '-')}", text)


def report_on_stderr() -> None:
    """Print reports on stderr from now on: stdout takes a picture."""
    global _reports
    _reports = "stderr"


def say(text: str) -> None:
    """Print a line on stdout."""
    _put(printable(text) + "\n")


def complain(text: str) -> None:
    """Print a line on stderr."""
    _put(f"proface: {printable(with_dashes(text))}\n", "stderr")


def say_json(record: object) -> None:
    """Print a record as one line of ASCII JSON; non-UTF-8 names have lone surrogates."""
    text = json.dumps(record, ensure_ascii=True, allow_nan=False)
    for path, name in state.names.items():
        text = text.replace(path, name)
    _put(text + "\n")


def say_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table with headings."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(printable(str(cell)), overflow="fold") for cell in row))
    with console.capture() as captured:
        console.print(table)
    _put(captured.get())


def _put(text: str, name: str | None = None) -> None:
    """Write to a stream; once its reader is gone, what is written to it is discarded.

    Whether anybody reads the report decides neither whether the work is done nor how it ended.
    """
    stream = sys.stderr if (name or _reports) == "stderr" else sys.stdout
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


def say_facts(facts: Sequence[tuple[str, object]]) -> None:
    """Print names and values in two columns."""
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        say(f"{name:<{width}}  {value}")


@contextmanager
def progress(total: int | None, *, wanted: bool) -> Iterator[Callable[[], None]]:
    """Show a progress bar if stderr is a terminal; yields a function that advances it by one.

    total: None if it is not known.
    Lines printed meanwhile appear above it.
    """
    if not wanted or (total is not None and total < 2) or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns: list[Any] = [BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    console = Console(stderr=True)
    # Do not redirect lines of a piped stdout to the terminal.
    both = sys.stdout.isatty()
    with Progress(*columns, console=console, transient=True, redirect_stdout=both) as shown:
        task = shown.add_task("", total=total)
        yield lambda: shown.advance(task)
