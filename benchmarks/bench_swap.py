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

from proface.faces.mesh import face_mesh, mouth_gap
from proface.looks import get_look, obfuscate
from proface.looks.mesh.shape import CLOSED, head_turn
from proface.media.photo import read_photo
from proface.research.evaluation.contact_sheet import Cell, contact_sheet
from proface.research.evaluation.crops import nearest_face
from proface.research.evaluation.recognisers import recogniser
from proface.research.evaluation.verification import far_threshold
from proface.types import Face, Pixels

FALSE_ACCEPTS = 0.01
MOST_ANGLE = 10.0  # degrees
PAIRS, SHOWN = 4, 24  # faces in a row of the sheet, and on it


@dataclass
class Person:
    """A photo of a person, the face in it, the swap, and another photo where there is one."""

    pixels: Pixels
    face: Face
    shown: Pixels
    found: Face | None
    other: tuple[Pixels, Face] | None


def portrait(file: Path) -> tuple[Pixels, Face] | None:
    """A photo of a person, with the central face: LFW's photos may show more."""
    pixels = read_photo(file).pixels
    face = nearest_face(pixels, pixels.shape[1] / 2, pixels.shape[0] / 2)
    return None if face is None else (pixels, face)


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
        first = portrait(files[0])
        if first is None:
            continue
        pixels, face = first
        look = get_look(f"swap:{chance.choice(photos)}")
        began = time.perf_counter()
        shown = obfuscate(pixels, look, [face])
        seconds += time.perf_counter() - began
        box = face.box
        found = nearest_face(shown, box.x + box.w / 2, box.y + box.h / 2, within=box.w / 3)
        other = portrait(files[1]) if len(files) > 1 else None
        people.append(Person(pixels, face, shown, found, other))
        if len(people) == most:
            break
    return people, seconds / max(1, len(people))


def accepted(people: list[Person], name: str) -> dict[str, float]:
    """The parts taken for the original: in the same photo, and in another of the same person."""
    embed = recogniser(name)
    own = np.array([embed(one.pixels, one.face) for one in people])
    alike = own @ own.T
    threshold = far_threshold(alike[np.triu_indices(len(own), 1)], FALSE_ACCEPTS)
    shown = np.array([embed(one.shown, one.found or one.face) for one in people])
    placed = np.array([embed(one.shown, one.face) for one in people])
    known = [(n, one.other) for n, one in enumerate(people) if one.other is not None]
    pairs, others = [n for n, _ in known], np.array([embed(*other) for _, other in known])

    def rate(a: Any, b: Any) -> float:
        return float(((a * b).sum(axis=1) >= threshold).mean())

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
    """Originals, each beside what is shown in its place."""
    cells = [Cell(pixels) for one in people[:SHOWN] for pixels in (one.pixels, one.shown)]
    rows = [cells[n : n + 2 * PAIRS] for n in range(0, len(cells), 2 * PAIRS)]
    contact_sheet(["original", "swap"] * PAIRS, rows).save(path)


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
