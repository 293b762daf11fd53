"""Private folders for files that should not reach a disk."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Linux keeps it in memory: an original never reaches a disk, also not after a kill.
_MEMORY = "/dev/shm"
_LEAST_FREE = 512 << 20  # bytes; containers may have very little
PREFIX = "proface-private-"  # then the process, so that others can tell whether it lives


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder with mode 0700, in memory where there is room, removed afterwards.

    What a kill leaves, `remove_leftovers` removes: a process calls it before its first folder.
    """
    prefix = f"{PREFIX}{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=memory_folder()) as folder:
        yield Path(folder)


def memory_folder() -> str:
    """A folder kept in memory where there is one with room, or else the system's temporary one."""
    with contextlib.suppress(OSError, AttributeError):
        free = os.statvfs(_MEMORY)
        if free.f_bavail * free.f_frsize >= _LEAST_FREE and os.access(_MEMORY, os.W_OK):
            return _MEMORY
    return tempfile.gettempdir()


def remove_leftovers() -> None:
    """Remove the private folders of this user's processes that were killed."""
    if not hasattr(os, "getuid"):  # Windows has no signal that only asks whether a process lives
        return
    for place in {memory_folder(), tempfile.gettempdir()}:
        for folder in Path(place).glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError, ValueError):
                if folder.lstat().st_uid == os.getuid() and not _lives(folder):
                    shutil.rmtree(folder, ignore_errors=True)


def _lives(folder: Path) -> bool:
    try:
        os.kill(int(folder.name[len(PREFIX) :].split("-")[0]), 0)
    except ProcessLookupError:
        return False
    return True
