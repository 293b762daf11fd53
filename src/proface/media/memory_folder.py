"""Where to put a file that should not reach a disk."""

from __future__ import annotations

import contextlib
import os
import tempfile

# Linux keeps it in memory: an original never reaches a disk, also not after a kill.
_MEMORY = "/dev/shm"
_LEAST_FREE = 512 << 20  # bytes; containers may have very little


def memory_folder() -> str:
    """A folder kept in memory where there is one with room, or else the system's temporary one."""
    with contextlib.suppress(OSError, AttributeError):
        free = os.statvfs(_MEMORY)
        if free.f_bavail * free.f_frsize >= _LEAST_FREE and os.access(_MEMORY, os.W_OK):
            return _MEMORY
    return tempfile.gettempdir()
