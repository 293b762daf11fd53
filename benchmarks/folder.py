"""A folder of photos: how long each takes, whether all cores work, and what they work at.

python -m benchmarks.folder [--photos 20] [--megapixels 2] [--faces 3] [--side 200]
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.commands import PASSWORD, run
from benchmarks.pictures import make_photo
from proface.models.store import ModelStore
from proface.options import Options
from proface.research.evaluation.step_times import photo_steps

WORK = ("decode", "detect", "flow", "encode")  # what nothing but faster code of others would save


def make_album(folder: Path, photos: int, megapixels: float, faces: int, side: int) -> None:
    """Photos that differ: each is the first one, shifted round."""
    folder.mkdir()
    pixels = make_photo(megapixels, faces, side)
    for n in range(photos):
        shifted = np.roll(pixels, (37 * n, 61 * n), (0, 1))
        Image.fromarray(shifted).save(folder / f"{n:03}.jpg", quality=92)


def main() -> None:
    """Print what one photo and the folder take."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--photos", type=int, default=20)
    parser.add_argument("--megapixels", type=float, default=2)
    parser.add_argument("--faces", type=int, default=3)
    parser.add_argument("--side", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        album = folder / "album"
        make_album(album, options.photos, options.megapixels, options.faces, options.side)
        one = str(album / "000.jpg")
        commands = {
            "`--help`": ("--help",),
            "protect one": ("protect", one, "-o", "one.png", *PASSWORD),
            "recover one": ("recover", "one.png", "-o", "back.png", *PASSWORD),
            "protect the folder": ("protect", "album", "-o", "safe", *PASSWORD),
            "recover the folder": ("recover", "safe", "-o", "back", *PASSWORD),
        }
        print(f"{options.photos} photos, {os.cpu_count()} cores")
        print("| command | seconds | a photo | cores busy | peak MB |\n|" + " --- |" * 5)
        for label, arguments in commands.items():
            cost = run(*arguments, folder=folder)
            each = cost.seconds / (options.photos if "folder" in label else 1)
            print(
                f"| {label} | {cost.seconds:.2f} | {each:.2f} | {cost.cores:.2f} "
                f"| {cost.megabytes:.0f} |",
                flush=True,
            )
        print("\n| one photo, models loaded | " + " | ".join((*WORK, "look", "KDF", "rest")) + " |")
        print("|" + " --- |" * 8)
        for entry in photo_steps(Path(one), folder, Options(), ModelStore()):
            shares = {step: seconds / entry.total for step, seconds in entry.steps.items()}
            shares["rest"] += shares["digests"]
            row = [f"{shares[step]:.1%}" for step in (*WORK, "look", "KDF", "rest")]
            print(f"| {entry.command}, {entry.total:.2f} s | " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
