"""Time and memory of a whole photo through the command line, as a user has it.

    python -m benchmarks.photo [--megapixels 24] [--faces 10] [--side 300] [--device cpu]

Each command runs in a process of its own, so that its peak memory is its own, start-up included.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from PIL import Image

from benchmarks.commands import PASSWORD, run
from benchmarks.pictures import make_photo


def main() -> None:
    """Print a table of seconds and megabytes for protect, verify and recover."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--megapixels", type=float, default=24)
    parser.add_argument("--faces", type=int, default=10)
    parser.add_argument("--side", type=int, default=300)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photo = Image.fromarray(make_photo(options.megapixels, options.faces, options.side))
        photo.save(folder / "photo.jpg", quality=92)
        engine = ("--device", options.device, *PASSWORD)
        commands = {
            "help": ("--help",),
            "protect": ("protect", "photo.jpg", "-o", "protected.png", *engine),
            "verify": ("verify", "protected.png", *engine),
            "recover": ("recover", "protected.png", "-o", "recovered.png", *engine),
        }
        print(
            f"{photo.width} x {photo.height}, {options.faces} faces of {options.side} px, "
            f"{os.cpu_count()} cores"
        )
        print("| command | seconds | cores busy | peak MB |\n| --- | --- | --- | --- |")
        for command, arguments in commands.items():
            cost = run(*arguments, folder=folder)
            print(
                f"| {command} | {cost.seconds:.2f} | {cost.cores:.1f} | {cost.megabytes:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
