"""Return freed memory to the system, where the C library would keep it for later."""

from __future__ import annotations

import ctypes
import sys


def return_freed_memory() -> None:
    """Release the pages that were freed between blocks still in use; glibc only, else nothing.

    glibc keeps them, and over the many frames of a video they add up to hundreds of megabytes.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)
