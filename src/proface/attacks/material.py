"""Faces to train on and to test on, cut out of photos as `protect` cuts its regions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from proface.errors import UsageError
from proface.evaluation.images import find
from proface.faces import detect
from proface.geometry import Box, Face

Pixels = npt.NDArray[np.uint8]

SIDE = 256  # pixels of a region's side; the strengths of looks are stated for it
# A region reaches beyond the detector's box by so much of the box: its mean side, and how far its
# middle lies above the box's (`faces.regions.regions_for` at its default).
BEYOND, ABOVE = 1.79, 0.0875


@dataclass(frozen=True)
class Region:
    """A face as the attacker would like to see it.

    Attributes:
        pixels: uint8 256 x 256 x 3.
        face: where the face lies in it; its landmarks are granted to every attacker.
        person: who it is, where the set tells; "" where not.
        place: the folder that it comes from.
    """

    pixels: Pixels
    face: Face
    person: str = ""
    place: str = ""


@lru_cache(maxsize=4096)  # 200 KB each
def region(path: Path) -> Region | None:
    """The region of a photo's largest face, or None where none is found."""
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    faces = [face for face in detect(pixels) if face.landmarks]
    if not faces:
        return None
    face = max(faces, key=lambda face: face.box.w * face.box.h)
    box = face.box
    side = min(round(BEYOND * (box.w * box.h) ** 0.5), *pixels.shape[:2])
    middle = box.x + box.w / 2, box.y + (0.5 - ABOVE) * box.h
    height, width = pixels.shape[:2]
    left = min(max(0, round(middle[0] - side / 2)), width - side)
    top = min(max(0, round(middle[1] - side / 2)), height - side)
    cut = pixels[top : top + side, left : left + side]
    filter_ = cv2.INTER_AREA if side > SIDE else cv2.INTER_CUBIC
    scale = SIDE / side
    moved = Face(
        Box(*(round(v * scale) for v in (box.x - left, box.y - top, box.w, box.h))),
        face.score,
        tuple(((x - left) * scale, (y - top) * scale) for x, y in face.landmarks),
    )
    return Region(np.asarray(cv2.resize(cut, (SIDE, SIDE), interpolation=filter_)), moved)


def mirrored(shown: Region) -> Region:
    """Left and right exchanged; landmarks too, as they are named by the person's sides."""
    box, points = shown.face.box, shown.face.landmarks
    flipped = tuple((SIDE - 1 - points[i][0], points[i][1]) for i in (1, 0, 2, 4, 3))
    face = Face(Box(SIDE - box.x - box.w, box.y, box.w, box.h), shown.face.score, flipped)
    pixels = np.ascontiguousarray(shown.pixels[:, ::-1])
    return Region(pixels, face, shown.person, shown.place)


def training_paths(folders: Sequence[Path]) -> list[Path]:
    """All images below the folders.

    Raises:
        UsageError: a folder has none.
    """
    return [path for folder in folders for path in find(folder, 1_000_000)]


def held_out_regions(folders: Sequence[Path], most: int) -> tuple[list[Region], list[Region]]:
    """Regions to test on, and the gallery: another photo of each person who has two.

    Args:
        folders: photos never trained on.
        most: regions, and photos in the gallery, of each folder.

    Raises:
        UsageError: a folder has no faces.
    """
    regions, gallery = [], []
    for folder in folders:
        paths = find(folder, 1_000_000)
        pairs = _pairs(folder, paths)
        if pairs:
            kept = 0
            for name, (first, second) in pairs[:: -(-len(pairs) // most)]:
                known, shown = region(first), region(second)
                if known and shown:
                    gallery.append(replace(known, person=name, place=folder.name))
                    regions.append(replace(shown, person=name, place=folder.name))
                    kept += 1
        else:
            found = map(region, paths[:: -(-len(paths) // most)])
            several = [replace(r, place=folder.name) for r in found if r is not None]
            regions += several
            kept = len(several)
        if not kept:
            raise UsageError(f"{folder}: no faces there. Name another folder.")
    return regions, gallery


def _pairs(folder: Path, paths: Sequence[Path]) -> list[tuple[str, list[Path]]]:
    """Two photos of each person who has them, where the names of files or folders tell.

    Either every subfolder holds all people, whose number stands before the underscore in a file's
    name (neutral/001_03.jpg, smiling/001_08.jpg), or every person has a subfolder.
    """
    by_name, by_folder = defaultdict(list), defaultdict(list)
    for path in paths:
        if path.parent != folder:
            by_folder[path.parent.name].append(path)
            if "_" in path.stem:
                by_name[path.stem.split("_")[0]].append(path)
    if by_name and all(len({p.parent for p in found}) == len(found) for found in by_name.values()):
        people = by_name
    elif len(by_folder) > 10:
        people = by_folder
    else:
        return []
    return [(name, found[:2]) for name, found in sorted(people.items()) if len(found) >= 2]
