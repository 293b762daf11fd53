"""Time and memory of a whole photo through the command line, as a user has it.

    python -m benchmarks.photo [--megapixels 12] [--faces 10] [--side 300]

The photo is made here: the face of scikit-image's astronaut, pasted on a magnified photograph.
Each step runs in a process of its own, so that its peak memory is its own, start-up included.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from skimage import data


def make_photo(megapixels: float, faces: int, side: int) -> npt.NDArray[np.uint8]:
    """A photo, 4:3, with `faces` faces of about `side` pixels in two rows."""
    height = int(np.sqrt(megapixels * 1e6 * 3 / 4))
    width = height * 4 // 3
    coffee, astronaut = data.coffee(), data.astronaut()  # type: ignore[no-untyped-call]
    background = Image.fromarray(coffee).resize((width, height), Image.Resampling.BICUBIC)
    pixels: npt.NDArray[np.uint8] = np.array(background)
    noise = np.random.default_rng(0).integers(-3, 4, pixels.shape, np.int8)
    pixels = np.clip(pixels.astype(np.int16) + noise, 0, 255).astype(np.uint8)
    # The crop is four times the face in area, so that each face keeps its hair and collar.
    crop = Image.fromarray(astronaut[0:220, 120:340]).resize((side * 2, side * 2))
    per_row = -(-faces // 2)
    for i in range(faces):
        row, column = divmod(i, per_row)
        x = (2 * column + 1) * width // (2 * per_row) - side
        y = (2 * row + 1) * height // 4 - side
        pixels[y : y + 2 * side, x : x + 2 * side] = np.asarray(crop)
    return pixels


# A program starts with the peak memory of the one that starts it: so one that holds no photo does.
MEASURE = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
command = [sys.executable, "-m", "proface", *sys.argv[1:]]
subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([time.perf_counter() - began, peak / 1024]))
"""


def run(*arguments: str, folder: Path) -> tuple[float, float]:
    """Seconds and peak megabytes of one command."""
    environment = {**os.environ, "PROFACE_BENCH": "correct horse battery"}
    command = [sys.executable, "-S", "-c", MEASURE, *arguments]
    result = subprocess.run(
        command, check=True, cwd=folder, env=environment, stdout=subprocess.PIPE
    )
    seconds, peak = json.loads(result.stdout)
    return float(seconds), float(peak)


def main() -> None:
    """Print a table of seconds and megabytes for protect, verify and recover."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--megapixels", type=float, default=12)
    parser.add_argument("--faces", type=int, default=10)
    parser.add_argument("--side", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photo = Image.fromarray(make_photo(options.megapixels, options.faces, options.side))
        photo.save(folder / "photo.jpg", quality=92)
        password = ("--password-env", "PROFACE_BENCH", "--quiet")
        steps = {
            "help": ("--help",),
            "protect": ("protect", "photo.jpg", "-o", "protected.png", *password),
            "verify": ("verify", "protected.png", *password[:2]),
            "recover": ("recover", "protected.png", "-o", "recovered.png", *password),
        }
        print(
            f"{photo.width} x {photo.height}, {options.faces} faces of {options.side} px, "
            f"{os.cpu_count()} cores"
        )
        print("| command | seconds | peak MB |\n| --- | --- | --- |")
        for step, arguments in steps.items():
            seconds, peak = run(*arguments, folder=folder)
            print(f"| {step} | {seconds:.2f} | {peak:.0f} |", flush=True)


if __name__ == "__main__":
    main()
