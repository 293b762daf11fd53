"""Fuzz one target in this process: `python -m fuzz.one TARGET SECONDS`, as `fuzz` starts it."""

from __future__ import annotations

import sys
import warnings

import atheris

# What is imported in here is followed branch by branch; decoders in C are not, but are run.
with atheris.instrument_imports(include=["PIL", "proface"]):
    from PIL import Image

    Image.init()
    from fuzz import seeds, targets
    from fuzz.__main__ import LONGEST, MOST_MEMORY, PLACE, SLOWEST


def main(name: str, seconds: str) -> None:
    warnings.simplefilter("ignore")  # Pillow's, of odd tags
    folder = PLACE / name
    size = seeds.make(name, folder)
    print(f"fuzz {name}: seeds of {size:,} bytes, {seconds} seconds", flush=True)
    limits = {
        "max_total_time": seconds,
        "timeout": SLOWEST,
        "rss_limit_mb": MOST_MEMORY,
        "max_len": LONGEST,
        "artifact_prefix": f"{PLACE / 'finds' / name}-",
        "print_final_stats": 1,
    }
    options = [f"-{option}={value}" for option, value in limits.items()]
    atheris.Setup([sys.argv[0], str(folder), *options], targets.TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:3])
