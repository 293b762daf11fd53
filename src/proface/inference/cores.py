"""How many processor cores there are to use."""

from __future__ import annotations

import os
import sys

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
    global _limit
    _limit = number
    if "cv2" in sys.modules:
        import cv2

        cv2.setNumThreads(number or -1)
    elif number:
        os.environ["OPENCV_FOR_THREADS_NUM"] = str(number)
    else:
        os.environ.pop("OPENCV_FOR_THREADS_NUM", None)


def core_limit() -> int | None:
    """What `limit_cores` was last given."""
    return _limit
