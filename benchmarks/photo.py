"""Time and memory of a whole photo through the command line, as a user has it.

    python -m benchmarks.photo [--megapixels 24] [--faces 10] [--side 300] [--device cpu] [--jpeg]

Each command runs in a process of its own, so that its peak memory is its own, start-up included.
With --jpeg the protected photo is a JPEG, with and without sealed coefficients, and it is recovered
from what a service makes of it at quality 75, without metadata; sizes are those of the files.
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
    parser.add_argument("--jpeg", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photo = Image.fromarray(make_photo(options.megapixels, options.faces, options.side))
        photo.save(folder / "photo.jpg", quality=92)
        engine = ("--device", options.device, *PASSWORD)
        commands = jpeg_commands(engine) if options.jpeg else png_commands(engine)
        print(
            f"{photo.width} x {photo.height}, {options.faces} faces of {options.side} px, "
            f"{os.cpu_count()} cores"
        )
        print("| command | seconds | cores busy | peak MB |\n| --- | --- | --- | --- |")
        for command, arguments in commands.items():
            if command == "recover, saved again":
                with Image.open(folder / "protected.jpg") as picture:
                    picture.convert("RGB").save(folder / "again.jpg", quality=75)
            cost = run(*arguments, folder=folder)
            print(
                f"| {command} | {cost.seconds:.2f} | {cost.cores:.1f} | {cost.megabytes:.0f} |",
                flush=True,
            )
        original = (folder / "photo.jpg").stat().st_size
        for path in sorted(folder.glob("*protected.*")):
            print(f"{path.name}: {path.stat().st_size / original:.3f} of the original's bytes")


def png_commands(engine: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The commands by the name of their row, for a lossless protected photo."""
    return {
        "help": ("--help",),
        "protect": ("protect", "photo.jpg", "-o", "protected.png", *engine),
        "verify": ("verify", "protected.png", *engine),
        "recover": ("recover", "protected.png", "-o", "recovered.png", *engine),
    }


def jpeg_commands(engine: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The same for a JPEG."""
    return {
        "protect": ("protect", "photo.jpg", "-o", "protected.jpg", *engine),
        "protect --no-exact": (
            *("protect", "photo.jpg", "-o", "unsealed-protected.jpg", "--no-exact", *engine),
        ),
        "recover": ("recover", "protected.jpg", "-o", "recovered.jpg", *engine),
        "recover, saved again": ("recover", "again.jpg", "-o", "face.png", *engine),
    }


if __name__ == "__main__":
    main()
