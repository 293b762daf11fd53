"""The service as a process of its own, as `proface serve` starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def serving(temporary: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its address; it is ended afterwards. temporary: its TMPDIR."""
    process = subprocess.Popen(
        [sys.executable, "-m", "proface", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TMPDIR": temporary},
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().split()[0]
    finally:
        process.terminate()
        process.wait()
