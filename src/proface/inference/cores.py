"""How many processor cores there are to use."""

from __future__ import annotations

import os

_limit: int | None = None


def cores() -> int:
    """The number of cores that this process may use."""
    if _limit is not None:
        return _limit
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not available on every system
        return os.cpu_count() or 1


def limit_cores(number: int | None) -> None:
    """Let networks loaded from now on, and OpenCV, use so many cores; None for all.

    For a process that shares a machine with others like it, one for each core, and for threads
    that each do one photo.
    """
    import cv2

    global _limit
    _limit = number
    cv2.setNumThreads(number or -1)


def core_limit() -> int | None:
    """What `limit_cores` was last given."""
    return _limit
