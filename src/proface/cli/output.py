"""What the commands print: plain lines, one table, a progress bar on a terminal only."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

WIDTH_OF_A_PIPE = 120


def own_streams(*, libraries: bool) -> None:
    """Make stdout and stderr safe to print on, and stderr ours alone unless `libraries`.

    Decoders print what they think of a file (libtiff straight to the descriptor, Pillow through
    warnings and logging), while a failure here is one line.
    """
    # Where a standard descriptor is closed, the next file opened would take its number, and what a
    # library prints would end in that file.
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
        with contextlib.suppress(OSError):  # without a null device, they are heard
            silence = os.open(os.devnull, os.O_WRONLY)
            sys.stderr = open(os.dup(2), "w", encoding=encoding, buffering=1)
            os.dup2(silence, 2)
            os.close(silence)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # names that the terminal's encoding lacks
            stream.reconfigure(errors="backslashreplace")


def printable(text: str) -> str:
    """The text on one line: what could break a line or steer a terminal is shown escaped.

    A file may be called anything: line breaks, escape sequences, bytes that are no UTF-8.
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode()
        for char in text
    )


def say(text: str) -> None:
    """A line for the reader."""
    print(printable(text), flush=True)


def complain(text: str) -> None:
    """A line on stderr."""
    print(f"proface: {printable(text)}", file=sys.stderr, flush=True)


def say_json(record: object) -> None:
    """A record on one line, in ASCII. A name that is no UTF-8 has lone surrogates, as in Python."""
    print(json.dumps(record, ensure_ascii=True, allow_nan=False), flush=True)


def say_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table with a line of headings."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else WIDTH_OF_A_PIPE, highlight=False)
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(printable(str(cell)), overflow="fold") for cell in row))
    console.print(table)


def say_facts(facts: Sequence[tuple[str, object]]) -> None:
    """Names and values below each other."""
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        say(f"{name:<{width}}  {value}")


class Bar:
    """How far a batch has come, on stderr."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task

    def advance(self) -> None:
        """One file more is done."""
        self._progress.advance(self._task)


@contextmanager
def progress(total: int, *, wanted: bool) -> Iterator[Bar | None]:
    """A bar while a batch runs: on a terminal, for several files; otherwise None.

    Lines printed meanwhile appear above it.
    """
    if not wanted or total < 2 or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns: list[Any] = [BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    console = Console(stderr=True)
    # Lines for a redirected stdout must not come out on the terminal instead.
    both = sys.stdout.isatty()
    with Progress(*columns, console=console, transient=True, redirect_stdout=both) as shown:
        yield Bar(shown, shown.add_task("", total=total))
