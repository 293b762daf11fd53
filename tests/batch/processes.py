"""Looks for secrets in the processes of this machine (Linux)."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

PIECE = 16 << 20


def descendants() -> list[int]:
    """The processes started by this one, and theirs."""
    parents: dict[int, int] = {}
    for path in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            parents[int(path.name)] = int(
                path.joinpath("stat").read_text().rpartition(")")[2].split()[1]
            )
    found = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found - {os.getpid()})


def name(pid: int) -> str:
    """The program, and how it was called."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def told_in_public(pid: int) -> Iterator[bytes]:
    """Arguments and environment."""
    for part in ("cmdline", "environ"):
        with contextlib.suppress(OSError):  # it has ended
            yield Path(f"/proc/{pid}/{part}").read_bytes()


def memory(pid: int) -> Iterator[bytes]:
    """What a process has in memory, shared memory and so Ray's object store included."""
    maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as file:
        for line in maps:
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if match is None:
                continue
            start, end = (int(number, 16) for number in match.groups())
            for place in range(start, end, PIECE):
                with contextlib.suppress(OSError, OverflowError, ValueError):
                    file.seek(place)
                    yield file.read(min(PIECE, end - place))


def contains(pieces: Iterable[bytes], secrets: dict[str, bytes]) -> set[str]:
    """The names of the secrets that are in some piece."""
    return {key for piece in pieces for key, secret in secrets.items() if secret in piece}
