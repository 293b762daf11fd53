"""Starts the service as a process, and says what it leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

PASSWORD = "Schlüssel zum Glück 42"
SECONDS = 600  # until a test gives up, on a machine however busy


@dataclass
class Running:
    """A service that accepts connections.

    Attributes:
        address: "http://127.0.0.1:PORT/".
        temporary: the folder in which it makes its private one.
        log: what it has written on stderr.
    """

    process: subprocess.Popen[str]
    address: str
    temporary: Path
    log: list[str] = field(default_factory=list)

    @property
    def private(self) -> Path:
        """Its private folder."""
        (folder,) = self.temporary.glob("proface-serve-*")
        return folder

    def left(self) -> list[str]:
        """What lies in the private folder, but for its lock."""
        return sorted(path.name for path in self.private.iterdir() if path.name != "lock")

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.address, timeout=SECONDS, trust_env=False, **options)


@contextmanager
def serving(
    temporary: Path,
    *arguments: str,
    limits: dict[str, float] | None = None,
    env: dict[str, str] | None = None,
) -> Iterator[Running]:
    """Run `proface serve`, or with `limits` that it has no options for, the function it calls."""
    command = [sys.executable, "-m", "proface", "serve", "--port", "0", *arguments]
    if limits is not None:
        command = [sys.executable, "-m", "tests.server.services", json.dumps(limits)]
    temporary.mkdir(exist_ok=True)
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary), **(env or {})},
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    assert process.stderr is not None
    line = process.stdout.readline()
    if " is ready" not in line:
        raise AssertionError(f"not ready: {line}{process.stderr.read()}")
    running = Running(process, line.split()[0], temporary)
    reader = threading.Thread(target=lambda: running.log.extend(process.stderr or ()), daemon=True)
    reader.start()
    try:
        yield running
    finally:
        process.terminate()
        process.wait(SECONDS)
        reader.join(SECONDS)
        process.stdout.close()
        process.stderr.close()


def main() -> None:
    """Serve with the limits of the first argument."""
    from proface.cli.serve import _log_to_stderr
    from proface.models.store import ModelStore
    from proface.server.run import run
    from proface.server.settings import Access, Limits

    _log_to_stderr()
    limits = Limits(**json.loads(sys.argv[1]))
    ready = lambda address: print(address, "is ready", flush=True)  # noqa: E731
    run(Access(port=0), limits, ModelStore(), ready=ready)


if __name__ == "__main__":
    main()
