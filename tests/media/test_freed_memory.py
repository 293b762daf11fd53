"""What was freed between blocks in use goes back to the system."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

SCRIPT = """
import re, numpy as np
from proface.media.freed_memory import return_freed_memory

def resident():
    return int(re.search(r"VmRSS:\\s*(\\d+)", open("/proc/self/status").read())[1]) >> 10

np.empty(16 << 20, np.uint8).fill(1)  # from here on, blocks up to this size lie in the heap
blocks = [np.ones(100_000, np.uint8) for _ in range(3_000)]
full = resident()
blocks = blocks[::10]
return_freed_memory()
print(full, resident())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps freed memory so")
def test_memory_freed_between_blocks_in_use_is_returned() -> None:
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    full, after = map(int, run.stdout.split())
    assert full - after > 200  # MB, of 300
