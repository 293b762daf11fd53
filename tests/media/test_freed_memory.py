"""What was freed, large or between blocks in use, goes back to the system."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

RESIDENT = """
import re, numpy as np
from proface.media.freed_memory import return_freed_memory, return_large_blocks

def resident():
    return int(re.search(r"VmRSS:\\s*(\\d+)", open("/proc/self/status").read())[1]) >> 10
"""
BETWEEN = """
np.empty(16 << 20, np.uint8).fill(1)  # from here on, blocks up to this size lie in the heap
blocks = [np.ones(100_000, np.uint8) for _ in range(3_000)]
full = resident()
blocks = blocks[::10]
return_freed_memory()
print(full, resident())
"""
FRAMES = """
return_large_blocks()
np.empty(16 << 20, np.uint8).fill(1)
frames, kept = [], []
for _ in range(100):
    frames.append(np.ones(3 << 20, np.uint8))
    kept.append(np.ones(50_000, np.uint8))
full = resident()
frames.clear()
print(full, resident())
"""

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc keeps freed memory so"
)


@pytest.mark.parametrize("script", [BETWEEN, FRAMES])
def test_freed_memory_is_returned(script: str) -> None:
    command = [sys.executable, "-c", RESIDENT + script]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    full, after = map(int, run.stdout.split())
    assert full - after > 200  # MB, of 300
