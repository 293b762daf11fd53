"""`python -m fuzz TARGET --seconds N`: fuzz one target, or all of them one after the other.

Inputs that reach new code are kept in `.fuzz/TARGET` and go on from there the next time; an input
that fails is left in `.fuzz/finds`, and the command leaves with an error. A find becomes a test.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("header", "key_file", "photo", "protected", "jpeg", "face", "description")
PLACE = Path(".fuzz")
SLOWEST = 10  # seconds for one input; the tests of hostile files hold two, on an idle machine
MOST_MEMORY = 1000  # MB, with what libraries and instrumentation take
LONGEST = 8192  # bytes of an input


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fuzz")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(NAMES))
    parser.add_argument("--seconds", type=int, default=300, help="for each target (300)")
    parser.add_argument("--fresh", action="store_true", help="forget what earlier runs kept")
    wanted = parser.parse_args()
    unknown = set(wanted.targets) - set(NAMES)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    (PLACE / "finds").mkdir(parents=True, exist_ok=True)
    worst = 0
    for name in wanted.targets or NAMES:
        if wanted.fresh:
            shutil.rmtree(PLACE / name, ignore_errors=True)
        # A process each: the fuzzer ends the one that it runs in.
        run = subprocess.run([sys.executable, "-m", "fuzz.one", name, str(wanted.seconds)])
        worst = worst or run.returncode
    return worst


if __name__ == "__main__":
    sys.exit(main())
