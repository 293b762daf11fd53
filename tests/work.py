"""Counts the work of a call: a clock would measure the machine, and what else runs on it."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass
class Work:
    """Lines of Python executed, and the most bytes that Python and numpy held at a time."""

    lines: int = 0
    peak: int = 0


@contextmanager
def counted() -> Iterator[Work]:
    """Count what the block calls; the figures are complete when it has ended."""
    work, before = Work(), sys.gettrace()

    def line(frame: Any, event: str, argument: Any) -> Any:
        work.lines += event == "line"
        return line

    tracemalloc.start()
    sys.settrace(line)
    try:
        yield work
    finally:
        sys.settrace(before)
        work.peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
