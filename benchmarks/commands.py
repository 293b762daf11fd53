"""Runs `proface` as a user does, and says what it took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

PASSWORD = ("--password-env", "PROFACE_BENCH")

# A program starts with the peak memory of the one that starts it: so one that holds no photo does.
MEASURE = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
command = [sys.executable, "-m", "proface", *sys.argv[1:]]
subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
seconds = time.perf_counter() - began
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
scale = 1024 * 1024 if sys.platform == "darwin" else 1024
print(json.dumps([seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / scale]))
"""


class Cost(NamedTuple):
    """What a command took."""

    seconds: float
    processor_seconds: float  # of all cores
    megabytes: float  # at its peak

    @property
    def cores(self) -> float:
        """How many cores were busy, on average."""
        return self.processor_seconds / self.seconds


def run(*arguments: str, folder: Path) -> Cost:
    """Run `proface` in a folder; `PASSWORD` among the arguments gives it a password."""
    environment = {**os.environ, "PROFACE_BENCH": "correct horse battery"}
    command = [sys.executable, "-S", "-c", MEASURE, *arguments]
    result = subprocess.run(
        command, check=True, cwd=folder, env=environment, stdout=subprocess.PIPE
    )
    return Cost(*map(float, json.loads(result.stdout)))
