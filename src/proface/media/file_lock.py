"""Exclusive access to a file that is about to be replaced, or to a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: an open file cannot be replaced there
    fcntl = None  # type: ignore[assignment]


@contextmanager
def exclusive(path: str | os.PathLike[str], *, wait: bool = True) -> Iterator[None]:
    """Hold the lock on a file or folder: others who ask for it wait until the block ends.

    The lock belongs to the file, not to its name: if somebody replaced the file meanwhile, the new
    one is locked. It ends with the process, and leaves nothing behind. A file that cannot be opened
    is not locked: reading it will say why. On Windows there is no lock.

    Raises:
        BlockingIOError: somebody else holds the lock, and `wait` is false.
    """
    descriptor = None if fcntl is None else _locked(Path(path), wait)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _locked(path: Path, wait: bool) -> int | None:
    while True:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            raise
        except OSError:  # a file system without locks, or the file is gone
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
