"""Runs `proface` and stops it at a point of its work, not at a time: alike on any machine.

    python -m tests.cli.stops WHERE SIGNAL ARGUMENT...

The code that runs is the command's, unchanged: what stops it is put around the system's functions.
WHERE is `named:FILE`, once an output has this name: the process gets the signal, and no thread goes
on before the main one has cancelled what had not begun. Or it is `appended:FILE:LINES`: before a
file of records that has so many lines is opened again.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "tests.cli.stops"]
ROOT = Path(__file__).parents[2]


def stopping(where: str, number: int, *arguments: object) -> list[str]:
    """The command that runs `proface` until there; to be started with `ROOT` as its folder."""
    return [*COMMAND, where, str(int(number)), *map(str, arguments)]


def once_named(name: str, number: int) -> None:
    cancelled, last = threading.Event(), []
    link, submit, cancel = os.link, ThreadPoolExecutor.submit, Future.cancel

    def linked(source: Any, target: Any, **options: Any) -> None:
        link(source, target, **options)
        if os.path.basename(target) == name:
            if number == signal.SIGKILL:
                os.kill(os.getpid(), number)
            signal.pthread_kill(threading.main_thread().ident or 0, number)
        if threading.current_thread() is not threading.main_thread():
            cancelled.wait()

    def submitted(self: Any, *arguments: Any, **options: Any) -> Any:
        last[:] = [submit(self, *arguments, **options)]
        return last[0]

    def tried(self: Any) -> bool:
        done = cancel(self)
        if last and self is last[0]:
            cancelled.set()
        return done

    os.link = linked
    ThreadPoolExecutor.submit = submitted  # type: ignore[method-assign]
    Future.cancel = tried  # type: ignore[method-assign]


def before_line(name: str, lines: int, number: int) -> None:
    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str | os.PathLike):
            path, mode = os.fspath(arguments[0]), arguments[1]
            if isinstance(path, str) and os.path.basename(path) == name and mode == "a":
                with open(path, "rb") if os.path.exists(path) else open(os.devnull, "rb") as file:
                    if file.read().count(b"\n") == lines:
                        os.kill(os.getpid(), number)

    sys.addaudithook(heard)


def main() -> None:
    where, number, *arguments = sys.argv[1:]
    kind, name, *more = where.split(":")
    # Tests started in the background ignore Ctrl-C, and so would what they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if kind == "named":
        once_named(name, int(number))
    else:
        before_line(name, int(more[0]), int(number))
    sys.argv = ["proface", *arguments]
    from proface.__main__ import main as proface

    proface()


if __name__ == "__main__":
    main()
