"""How many regions are found in pictures that hold none: it must be none.

    python -m benchmarks.bench_false_regions DIR [DIR ...] --log FILE [--count 200] [--random 100]
        [--side 1600]

Photos from below each folder, evenly chosen, as they are and, where --side says so, enlarged to
that longer side and saved at JPEG quality 75: so that the search over scales takes part too, which
small pictures are spared. Random pictures are noise, smoothed noise, noise in blocks, and stripes,
each saved as PNG or JPEG. One picture a line in FILE; the same command goes on where it stopped.
"""

from __future__ import annotations

import argparse
import functools
import io
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.bench_face_coder import photos
from proface.models.robust import Robust
from proface.models.store import load_flow
from proface.types import Pixels

Make = Callable[[], Pixels]


def saved(picture: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def photo(path: Path, side: int | None) -> Pixels:
    """A photo as it is, or with a longer side, saved as a service does."""
    with Image.open(path) as image:
        picture = image.convert("RGB")
    if side is None:
        return np.asarray(picture)
    scale = side / max(picture.size)
    size = round(picture.width * scale), round(picture.height * scale)
    return saved(np.asarray(picture.resize(size, Image.Resampling.LANCZOS)), 75)


def random_picture(n: int) -> Pixels:
    """The n-th random picture."""
    rng = np.random.default_rng(n)
    height, width = (int(side) for side in rng.integers(200, 900, 2))
    noise: npt.NDArray[Any] = rng.normal(128, rng.uniform(2, 60), (height, width, 3))
    kind = n % 4
    if kind == 1:
        noise = cv2.GaussianBlur(noise, (0, 0), float(rng.uniform(0.6, 8)))
        noise = 128 + (noise - 128) * (40 / noise.std())
    elif kind == 2:
        block = int(rng.integers(4, 40))
        noise = np.kron(noise[::block, ::block], np.ones((block, block, 1)))[:height, :width]
    elif kind == 3:
        turn = np.arange(width) * rng.uniform(0.05, 3) + np.arange(height)[:, None] * rng.uniform()
        noise = 0.1 * noise + 115 + 80 * np.sin(turn)[..., None]
    picture = np.clip(np.rint(noise), 0, 255).astype(np.uint8)
    return saved(picture, int(rng.integers(60, 96))) if n % 8 < 4 else picture


def pictures(options: argparse.Namespace) -> Iterator[tuple[str, str, Make]]:
    """Set, name and what makes the picture."""
    for folder in options.folders:
        for path in photos(folder, options.count):
            name = str(path.relative_to(folder))
            kind = folder.name + (f" at {options.side}" if options.side else "")
            yield kind, name, functools.partial(photo, path, options.side)
    for n in range(options.random):
        yield "random", str(n), functools.partial(random_picture, n)


def main() -> None:
    """Search all pictures and print, for each set: pictures, regions found, seconds."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--log", type=Path, required=True, help="file of what was measured")
    parser.add_argument("--count", type=int, default=200, help="photos of each folder")
    parser.add_argument("--random", type=int, default=0, help="random pictures")
    parser.add_argument("--side", type=int, help="longer side that photos are enlarged to")
    options = parser.parse_args()
    flow = load_flow("robust")
    assert isinstance(flow, Robust)
    lines = options.log.read_text().splitlines() if options.log.exists() else []
    done = {(row["set"], row["name"]) for row in map(json.loads, lines)}
    with options.log.open("a") as log:
        for kind, name, make in pictures(options):
            if (kind, name) in done:
                continue
            picture, began = make(), time.process_time()
            found = len(flow.find(picture))
            spent = round(time.process_time() - began, 2)
            row = {"set": kind, "name": name, "found": found, "seconds": spent}
            print(json.dumps(row), file=log, flush=True)
    rows = [json.loads(line) for line in options.log.read_text().splitlines()]
    print("| set | pictures | regions found | seconds a picture (most) |")
    print("| --- " * 4 + "|")
    for kind in [*dict.fromkeys(row["set"] for row in rows), "all"]:
        own = [row for row in rows if kind in (row["set"], "all")]
        times = [row["seconds"] for row in own]
        regions = sum(row["found"] for row in own)
        print(f"| {kind} | {len(own)} | {regions} | {np.mean(times):.2f} ({max(times):.1f}) |")


if __name__ == "__main__":
    main()
