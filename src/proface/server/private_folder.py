"""A folder that only its user can read, and that is gone when the process is, however it ends."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from filelock import FileLock, Timeout

PREFIX = "proface-serve-"
_LOCK = "lock"
_GRACE = 60  # seconds that a new folder may be without a lock
# Waits until the pipe's other end is closed, by the process or by the system after a kill.
_REMOVE = "import shutil, sys; sys.stdin.buffer.read(); shutil.rmtree(sys.argv[1], True)"


class PrivateFolder:
    """A folder with mode 0700, removed by `close`, or after a kill by a second process.

    A crash of the whole machine leaves it; the next one to be made removes it then. Which folders
    are still in use shows by a lock that ends with its process.

    Attributes:
        path: the folder.
    """

    def __init__(self, parent: Path | None = None) -> None:
        parent = parent or Path(tempfile.gettempdir())
        remove_stale(parent)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent)).resolve()
        self._lock = FileLock(self.path / _LOCK)
        self._lock.acquire(blocking=False)
        self._remover = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _REMOVE, str(self.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=parent,
            start_new_session=True,  # Ctrl-C and a closed terminal do not reach it
        )

    def close(self) -> None:
        """Remove the folder and all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.release()
        assert self._remover.stdin is not None
        self._remover.stdin.close()
        self._remover.wait()


def remove_stale(parent: Path) -> None:
    """Remove this user's folders of processes that are gone."""
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            status = folder.lstat()
        except OSError:
            continue
        mine = not hasattr(os, "getuid") or status.st_uid == os.getuid()
        if folder.is_symlink() or not folder.is_dir() or not mine:
            continue
        lock = folder / _LOCK
        if not lock.exists() and time.time() - status.st_mtime < _GRACE:
            continue  # being made
        try:
            with FileLock(lock).acquire(blocking=False):
                shutil.rmtree(folder, ignore_errors=True)
        except (Timeout, OSError):
            continue
