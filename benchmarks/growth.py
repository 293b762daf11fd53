"""How time and memory grow with the pixels of a photo, and with its faces.

python -m benchmarks.growth [--device cpu]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from PIL import Image

from benchmarks.commands import PASSWORD, Cost, run
from benchmarks.pictures import make_photo

MEGAPIXELS = (6, 12, 24, 48)  # with two faces
FACES = (2, 4, 8, 16)  # on 12 megapixels
SIDE = 240


def protect_and_recover(megapixels: float, faces: int, device: str) -> tuple[Cost, Cost]:
    """What one photo takes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Image.fromarray(make_photo(megapixels, faces, SIDE)).save(folder / "photo.jpg", quality=92)
        engine = ("--device", device, *PASSWORD)
        return (
            run("protect", "photo.jpg", "-o", "protected.png", *engine, folder=folder),
            run("recover", "protected.png", "-o", "recovered.png", *engine, folder=folder),
        )


def main() -> None:
    """Print two tables."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--device", default="cpu")
    device = parser.parse_args().device
    print("| megapixels | faces | protect s | MB | recover s | MB |\n|" + " --- |" * 6)
    for megapixels, faces in [(m, 2) for m in MEGAPIXELS] + [(12, f) for f in FACES]:
        costs = protect_and_recover(megapixels, faces, device)
        cells = [f"{cost.seconds:.2f} | {cost.megabytes:.0f}" for cost in costs]
        print(f"| {megapixels} | {faces} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
