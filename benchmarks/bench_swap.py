"""The look swap on LFW: does it look like a person, in the same pose, and like another one?

python -m benchmarks.bench_swap --data LFW --targets FOLDER [--most 300] [--sheet sheet.png]

One photo of each person gets the face of a random target. Printed are how often a detector finds
the face, how its pose and mouth agree with the original's, and how often SFace and dlib take it
for the original, in the same photo and in another of that person, at thresholds that accept 1 % of
other people's photos.
"""

from __future__ import annotations

import argparse
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from proface.faces import detect
from proface.faces.mesh import face_mesh, mouth_gap
from proface.looks import get_look, obfuscate
from proface.looks.mesh.shape import CLOSED, head_turn
from proface.media.photo import read_photo
from proface.research.evaluation.recognisers import recogniser
from proface.types import Face, Pixels

FALSE_ACCEPTS = 0.01
MOST_ANGLE = 10.0  # degrees
COLUMNS, SHOWN, SIDE = 8, 24, 200


@dataclass
class Person:
    """A photo of a person, the face in it, the swap, and another photo where there is one."""

    pixels: Pixels
    face: Face
    shown: Pixels
    found: Face | None
    other: tuple[Pixels, Face] | None


def central_face(pixels: Pixels) -> Face | None:
    """The face nearest to the centre: LFW's photos may show more."""
    faces = detect(pixels)
    centre = pixels.shape[1] / 2, pixels.shape[0] / 2
    return min(faces, key=lambda face: _apart(face, centre), default=None)


def another(file: Path) -> tuple[Pixels, Face] | None:
    """Another photo of a person, with the face."""
    pixels = read_photo(file).pixels
    face = central_face(pixels)
    return None if face is None else (pixels, face)


def _apart(face: Face, point: tuple[float, float]) -> float:
    box = face.box
    return float(np.hypot(box.x + box.w / 2 - point[0], box.y + box.h / 2 - point[1]))


def swap_all(data: Path, targets: Path, most: int) -> tuple[list[Person], float]:
    """The people, each with a swapped face, and the seconds a face."""
    chance = random.Random(0)
    folders = sorted(folder for folder in data.iterdir() if folder.is_dir())
    chance.shuffle(folders)
    photos = sorted(path for path in targets.rglob("*") if path.is_file())
    people: list[Person] = []
    seconds = 0.0
    for folder in folders:
        files = sorted(folder.iterdir())[:2]
        pixels = read_photo(files[0]).pixels
        face = central_face(pixels)
        if face is None:
            continue
        look = get_look(f"swap:{chance.choice(photos)}")
        began = time.perf_counter()
        shown = obfuscate(pixels, look, [face])
        seconds += time.perf_counter() - began
        centre = face.box.x + face.box.w / 2, face.box.y + face.box.h / 2
        near = [one for one in detect(shown) if _apart(one, centre) < face.box.w / 3]
        other = another(files[1]) if len(files) > 1 else None
        people.append(Person(pixels, face, shown, near[0] if near else None, other))
        if len(people) == most:
            break
    return people, seconds / max(1, len(people))


def accepted(people: list[Person], name: str) -> dict[str, float]:
    """The parts taken for the original: in the same photo, and in another of the same person."""
    embed = recogniser(name)
    own = np.array([embed(one.pixels, one.face) for one in people])
    alike = own @ own.T
    apart = np.sort(alike[np.triu_indices(len(own), 1)])
    threshold = apart[int(len(apart) * (1 - FALSE_ACCEPTS))]
    shown = np.array([embed(one.shown, one.found or one.face) for one in people])
    placed = np.array([embed(one.shown, one.face) for one in people])
    known = [(n, one.other) for n, one in enumerate(people) if one.other is not None]
    pairs, others = [n for n, _ in known], np.array([embed(*other) for _, other in known])

    def rate(a: Any, b: Any) -> float:
        return float(((a * b).sum(axis=1) > threshold).mean())

    return {
        "same photo": rate(shown, own),
        "same photo, aligned by the original's landmarks": rate(placed, own),
        "another photo": rate(shown[pairs], others),
        "(originals, another photo)": rate(own[pairs], others),
    }


def pose_apart(person: Person) -> tuple[float, bool]:
    """Degrees between the heads of the two photos, and whether both mouths are open or shut."""
    before, after = face_mesh(person.pixels, person.face), face_mesh(person.shown, person.face)
    if before is None or after is None:
        return 180.0, False
    turn = head_turn(before, after)
    angle = float(np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))))
    return angle, (mouth_gap(before) >= CLOSED) == (mouth_gap(after) >= CLOSED)


def write_sheet(people: list[Person], path: Path) -> None:
    """Originals above what is shown in their place."""
    pairs = [np.concatenate([_cut(one.pixels), _cut(one.shown)], axis=0) for one in people[:SHOWN]]
    rows = [np.concatenate(pairs[n : n + COLUMNS], 1) for n in range(0, len(pairs), COLUMNS)]
    Image.fromarray(np.concatenate([row for row in rows if row.shape == rows[0].shape])).save(path)


def _cut(pixels: Pixels) -> Pixels:
    top, left = ((side - SIDE) // 2 for side in pixels.shape[:2])
    return pixels[top : top + SIDE, left : left + SIDE]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--targets", type=Path, required=True)
    parser.add_argument("--most", type=int, default=300)
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    people, seconds = swap_all(options.data, options.targets, options.most)
    poses = [pose_apart(person) for person in people]
    print(f"{len(people)} photos, {seconds:.2f} s a face")
    print("| measure | part |\n| --- | --- |")
    print(f"| detected | {np.mean([one.found is not None for one in people]):.1%} |")
    near = np.mean([angle < MOST_ANGLE for angle, _ in poses])
    print(f"| pose within {MOST_ANGLE:g} degrees | {near:.1%} |")
    print(f"| mouth open or shut as it was | {np.mean([same for _, same in poses]):.1%} |")
    for name in ("sface", "dlib"):
        for label, part in accepted(people, name).items():
            print(f"| {name}: taken for the original, {label} | {part:.1%} |")
    if options.sheet:
        write_sheet(people, options.sheet)


if __name__ == "__main__":
    main()
