"""What hostile files cost their reader: the dearest, in seconds of processor time.

    python -m benchmarks.hostile [--count 12]

The files are those of `tests/hostile`, and the largest pictures that the face coder is asked for.
Tests check how they are refused, and bound the work by counting it.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from proface.codec import face_coder
from proface.errors import ProfaceError
from proface.files.recover import recover
from proface.keys import Key


def seconds(act: Callable[[], object]) -> float:
    """Processor time of a call that may be refused."""
    began = time.process_time()
    with contextlib.suppress(ProfaceError):
        act()
    return time.process_time() - began


def main() -> None:
    """Print the dearest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=12)
    count = parser.parse_args().count
    # By name: the tests are not checked for types.
    secret = importlib.import_module("tests.hostile.headers").SECRET
    make = importlib.import_module("tests.hostile.make").make
    key, costs = Key("file", secret), dict[str, float]()
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder))
        for path in sorted(Path(folder).iterdir()):
            costs[path.name] = seconds(partial(recover, path, key))
    stream = np.random.default_rng(5).bytes(100_000)
    side = face_coder.MAX_SIDE
    for scale in (1, 60, 90, 255):
        data = bytes([scale]) + stream
        costs[f"face coder, scale {scale}"] = seconds(partial(face_coder.decode, data, side, side))
    for name in sorted(costs, key=costs.__getitem__, reverse=True)[:count]:
        print(f"{costs[name]:6.2f} s  {name}")


if __name__ == "__main__":
    main()
