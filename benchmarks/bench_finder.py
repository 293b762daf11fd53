"""Which regions are found and recovered from pictures that were scaled and lost their metadata.

    python -m benchmarks.bench_finder FACES BACKGROUNDS [--count 8] [--part 1] [--fit 2048]
        [--journeys NAME ...] [--sizes known unknown] [--keep DIR]

Photos of 12 megapixels, each of four backgrounds with six faces, are protected as JPEG with one
look each, scaled and saved as usual services do, and recovered: with the size at which they were
protected, and without it. Counts by the region's width:

    present     regions in the picture
    decodable   with their place known, from the header
    found       by their pixels alone
    recovered   of these, at least the coarse picture
    same        of these, SFace takes the face for the same person as in the original

Seconds are of the process, for `recover` of a picture without a header. With --fit the photos are
scaled before they are protected, and only saved again after it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

import proface
from benchmarks.bench_face_coder import photos
from proface.container.header import Header
from proface.errors import ProfaceError
from proface.faces import detect, embed
from proface.types import Box, Pixels

Photo = tuple[Path, Header, dict[Box, Pixels]]  # protected; its header; its regions' originals
SIZE = (4032, 3024)
SIDES = (416, 480, 544, 640, 736, 832)
LOOKS = ("blur:25", "pixelate:32", "mask", "another")
COLUMNS = ("present", "decodable", "found", "recovered", "same")
SAME_PERSON = 0.363  # SFace's threshold of cosines, as OpenCV states it for LFW

BICUBIC, AREA = "bicubic, to 2048, JPEG 75", "area, to 2048, JPEG 75"
SCALERS = {BICUBIC: Image.Resampling.BICUBIC, AREA: Image.Resampling.BOX}  # Lanczos otherwise

# Name -> long side that it is scaled to, JPEG quality, pixels cropped from the left and the top.
JOURNEYS: dict[str, tuple[int, int, int]] = {
    "half, JPEG 80": (2016, 80, 0),
    "to 2048, JPEG 75": (2048, 75, 0),
    BICUBIC: (2048, 75, 0),
    AREA: (2048, 75, 0),
    "3/4, JPEG 80": (3024, 80, 0),
    "to 1600, JPEG 80": (1600, 80, 0),
    "to 1280, JPEG 80": (1280, 80, 0),
    "same size, JPEG 75": (4032, 75, 0),
    "cropped, JPEG 85": (4032, 85, 77),
}
# Of photos that were fitted before they were protected; 0: not scaled.
FITTED = {f"as protected, JPEG {quality}": (0, quality, 0) for quality in (70, 75, 85)}
ALL = JOURNEYS | FITTED


def scaled(path: Path, size: tuple[int, int]) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def make_photo(
    faces: list[Path], backgrounds: list[Path], rng: np.random.Generator
) -> tuple[Image.Image, list[Box]]:
    """Four backgrounds side by side, with a face of each of SIDES in a third of the width."""
    photo = Image.new("RGB", SIZE)
    half = (SIZE[0] // 2, SIZE[1] // 2)
    for n in range(4):
        path = backgrounds[int(rng.integers(len(backgrounds)))]
        photo.paste(scaled(path, half), (n % 2 * half[0], n // 2 * half[1]))
    boxes = []
    for n, side in enumerate(rng.permutation(SIDES).tolist()):
        w, h = side, 16 * round(side * rng.uniform(0.95, 1.3) / 16)
        cell = SIZE[0] // 3, SIZE[1] // 2
        x, y = (
            16 * int((k * room + rng.integers(room - length)) // 16)
            for k, room, length in zip((n % 3, n // 3), cell, (w, h), strict=True)
        )
        face = faces[int(rng.integers(len(faces)))]
        photo.paste(scaled(face, (w, h)), (x, y))
        boxes.append(Box(x, y, w, h))
    return photo, boxes


def protect(
    n: int,
    faces: list[Path],
    backgrounds: list[Path],
    key: proface.Key,
    folder: Path,
    fit: int | None,
) -> Photo:
    """Picture n, protected, made only if it is not in the folder; and the original."""
    look, path = LOOKS[n % len(LOOKS)], folder / f"{n}.{fit}.jpg"
    rng = np.random.default_rng(n)
    if not path.exists():
        photo, boxes = make_photo(faces, backgrounds, rng)
        photo.save(folder / "photo.jpg", quality=92)
        if look == "another":
            other = faces[int(rng.integers(len(faces)))]
            scaled(other, (600, 720)).save(folder / "other.png")
            look = f"mask:{folder / 'other.png'}"
        options = proface.Options(jpeg=True, detect=False, regions=boxes, look=look, fit=fit)
        proface.protect(folder / "photo.jpg", key, options).save(path)
    back = proface.recover(path, key)
    boxes = [region.box for region in back.header.regions]
    pixels = back.photo.pixels
    return path, back.header, {box: np.ascontiguousarray(pixels[box.slices]) for box in boxes}


def travel(path: Path, journey: str, target: Path) -> Path:
    """The picture scaled, cropped and saved, without metadata."""
    long, quality, crop = ALL[journey]
    with Image.open(path) as image:
        picture = image.convert("RGB")
    if long not in (0, SIZE[0]):
        size = long, round(SIZE[1] * long / SIZE[0])
        picture = picture.resize(size, SCALERS.get(journey, Image.Resampling.LANCZOS))
    if crop:
        picture = picture.crop((crop, crop, *picture.size))
    picture.save(target, quality=quality)
    return target


def recovered(
    path: Path, key: proface.Key, journey: str, size: tuple[int, int] | None
) -> tuple[set[Box], dict[Box, Pixels], float]:
    """Regions found, what those recovered show, and the seconds that it took."""
    began = time.process_time()
    try:
        back = proface.recover(path, key, original_size=size)
    except ProfaceError:
        return set(), {}, time.process_time() - began
    seconds = time.process_time() - began
    regions = {region.n: region.box for region in back.header.regions}
    pixels = back.photo.pixels
    shown = {
        regions[face.n]: np.ascontiguousarray(pixels[face.box.slices])
        for face in back.faces
        if face.how in ("full", "coarse")
    }
    return set(regions.values()), shown, seconds


def is_same(original: Pixels, recovered: Pixels) -> bool:
    """Whether SFace takes a recovered face for the same person; no, where none is detected."""
    faces = detect(original)
    if not faces:
        return False
    face = max(faces, key=lambda one: one.box.w * one.box.h)
    size = original.shape[1::-1]
    shown = np.asarray(Image.fromarray(recovered).resize(size, Image.Resampling.LANCZOS))
    return float(embed(original, face) @ embed(shown, face)) >= SAME_PERSON


def decodable(path: Path, key: proface.Key, header: Header, journey: str) -> set[Box]:
    """The regions that can be read where their place is known."""
    if ALL[journey][2]:
        return {region.box for region in header.regions}  # the header does not know of the crop
    try:
        back = proface.recover(path, key, header=header)
    except ProfaceError:
        return set()
    boxes = {region.n: region.box for region in header.regions}
    return {boxes[face.n] for face in back.faces if face.how in ("full", "coarse", "exact")}


def measure(
    pictures: list[Photo],
    key: proface.Key,
    journey: str,
    known: bool,
    target: Path,
) -> Iterator[str]:
    """One row for each picture that takes part, then the sum, of one journey."""
    counts: dict[int, Counter[str]] = {side: Counter() for side in SIDES}
    times = []
    for path, header, originals in pictures:
        sent = travel(path, journey, target)
        found, shown, seconds = recovered(sent, key, journey, SIZE if known else None)
        times.append(seconds)
        same = {
            box for box, face in shown.items() if box in originals and is_same(originals[box], face)
        }
        readable = decodable(sent, key, header, journey)
        told = dict(zip(COLUMNS[1:], (readable, found, set(shown), same), strict=True))
        scale = header.size[0] / SIZE[0]
        for region in header.regions:
            width = min(SIDES, key=lambda side: abs(side * scale - region.w))
            counts[width]["present"] += 1
            for column, boxes in told.items():
                counts[width][column] += region.box in boxes
    total = sum(counts.values(), Counter())
    cells = [" ".join(str(of[name]) for name in COLUMNS) for of in (*counts.values(), total)]
    size = "known" if known else "–"
    yield (
        f"| {journey} | {size} | {' | '.join(cells)} | {np.mean(times):.1f} ({max(times):.1f}) |"
    )


def main() -> None:
    """Print a row for each journey: its regions by width, then all of them, then the seconds."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("faces", type=Path)
    parser.add_argument("backgrounds", type=Path)
    parser.add_argument("--count", type=int, default=8, help="photos")
    parser.add_argument("--part", type=int, choices=(0, 1), default=1, help="every second file")
    parser.add_argument("--journeys", nargs="*", metavar="NAME")
    parser.add_argument("--sizes", nargs="*", default=["known", "unknown"], metavar="HOW")
    parser.add_argument("--fit", type=int, metavar="PIXELS", help="scale the photos before")
    parser.add_argument("--keep", type=Path, help="folder of the protected photos, to use again")
    options = parser.parse_args()
    folders = sorted(path for path in options.faces.iterdir() if path.is_dir())
    if folders:  # one for each person
        faces = [photos(folder, 1)[0] for folder in folders]
    else:
        faces = photos(options.faces, 10**6)
    backgrounds = photos(options.backgrounds, 10**6)
    print("| journey | size | " + " | ".join(map(str, SIDES)) + " | all | s (most) |")
    print("| --- " * (len(SIDES) + 4) + "|")
    with tempfile.TemporaryDirectory() as name:
        folder = options.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "key").exists():
            proface.Key.generate().save(folder / "key")
        key = proface.Key.from_file(folder / "key")
        part = slice(options.part, None, 2)
        pictures = [
            protect(n, faces[part], backgrounds[part], key, folder, options.fit)
            for n in range(options.count)
        ]
        for journey in options.journeys or (FITTED if options.fit else JOURNEYS):
            for known in (how == "known" for how in options.sizes):
                for row in measure(pictures, key, journey, known, Path(name) / "sent.jpg"):
                    print(row, flush=True)


if __name__ == "__main__":
    main()
