"""proface beside deface, the anonymiser most people run: the same folder, in turns, in one run.

python -m benchmarks.peers [--deface deface] [--photos 12] [--rounds 2] [--side 250]

Photos of 2.5 megapixels with six faces, as JPEG. Each command is given all photos at once. deface
is no dependency of proface: give the path of its command, from a virtual environment of its own.
proface hides, checks and writes what comes back, as PNG and as JPEG; deface hides.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.commands import PASSWORD, run
from benchmarks.folder import make_album

MEGAPIXELS, FACES = 2.5, 6
PNG = ("--format", "png")


def deface(command: str, folder: Path) -> float:
    """Seconds of deface on the album."""
    photos = sorted(str(path) for path in (folder / "album").iterdir())
    began = time.perf_counter()
    subprocess.run([command, *photos, "-t", "0.2"], check=True, cwd=folder, capture_output=True)
    seconds = time.perf_counter() - began
    for path in (folder / "album").glob("*_anonymized*"):
        path.unlink()
    return seconds


def main() -> None:
    """Print the seconds a photo, and their ratios to deface's."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--deface", default="deface")
    parser.add_argument("--photos", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--side", type=int, default=250)
    options = parser.parse_args()
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_album(folder / "album", options.photos, MEGAPIXELS, FACES, options.side)
        for number in range(options.rounds):
            ours = {
                "protect": ("protect", "album", "-o", f"png{number}", *PNG),
                "recover": ("recover", f"png{number}", "-o", f"png-back{number}"),
                "protect, JPEG": ("protect", "album", "-o", f"jpeg{number}"),
                "recover, JPEG": ("recover", f"jpeg{number}", "-o", f"jpeg-back{number}"),
            }
            seconds.setdefault("deface", []).append(deface(options.deface, folder))
            for label, arguments in ours.items():
                cost = run(*arguments, *PASSWORD, folder=folder)
                seconds.setdefault(label, []).append(cost.seconds)
    peer = statistics.median(seconds["deface"])
    print(f"{options.photos} photos, {options.rounds} rounds, medians")
    print("| command | seconds a photo | x deface |\n| --- | --- | --- |")
    for label, each in seconds.items():
        median = statistics.median(each)
        print(f"| {label} | {median / options.photos:.2f} | {median / peer:.2f} |")


if __name__ == "__main__":
    main()
