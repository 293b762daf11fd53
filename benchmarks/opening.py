"""What one guess at a password costs, on one core: `python -m benchmarks.opening`."""

from __future__ import annotations

import os
import sys
import time

from proface.errors import WrongPasswordError
from proface.keys import KdfParameters, Key, open_stanzas, wrap_file_key

LEAST = 0.1  # seconds that a guess must take


def main() -> int:
    """Seconds of processor time for a wrong password, at the default costs."""
    kdf = KdfParameters.fresh()
    stanza = wrap_file_key(os.urandom(32), Key.from_password("the right one"), kdf)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    costs = []
    for number in range(10):
        before = time.process_time()
        try:
            open_stanzas([stanza], Key.from_password(f"guess {number}"))
        except WrongPasswordError:
            costs.append(time.process_time() - before)
    median = sorted(costs)[len(costs) // 2]
    print(f"Argon2id, {kdf.memory_kib} KiB, {kdf.iterations} passes, {kdf.lanes} lanes, one core")
    print(f"a guess: least {min(costs) * 1000:.0f} ms, median {median * 1000:.0f} ms")
    return 0 if min(costs) >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
