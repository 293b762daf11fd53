"""Face crops for training and testing, cut out of photos as `protect` cuts its regions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from proface.errors import UsageError
from proface.faces import detect
from proface.faces.crop import mirrored as mirrored_photo
from proface.research.evaluation.images import find
from proface.types import Box, Face, Pixels

SIDE = 256  # pixels of a region's side; the strengths of looks are stated for it
# Size and centre of a region relative to the detector's box: mean side, and how far its centre lies
# above the box's (`proface.faces.regions.regions_for` at its default).
BEYOND, ABOVE = 1.79, 0.0875


@dataclass(frozen=True)
class FaceCrop:
    """An original face region, which the attacks try to restore.

    Attributes:
        pixels: uint8 256 x 256 x 3.
        face: the face in these pixels; every attacker is given its landmarks.
        person: identity; "" where unknown.
        place: name of the data set's folder.
    """

    pixels: Pixels
    face: Face
    person: str = ""
    place: str = ""


@lru_cache(maxsize=4096)  # 200 KB each
def region(path: Path) -> FaceCrop | None:
    """The region of a photo's largest face; None if no face is found."""
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
    return FaceCrop(np.asarray(cv2.resize(cut, (SIDE, SIDE), interpolation=filter_)), moved)


def mirrored(shown: FaceCrop) -> FaceCrop:
    """Flipped horizontally; left and right landmarks are exchanged."""
    pixels, face = mirrored_photo(shown.pixels, shown.face)
    return FaceCrop(pixels, face, shown.person, shown.place)


def training_paths(folders: Sequence[Path]) -> list[Path]:
    """All images below the folders.

    Raises:
        UsageError: a folder has none.
    """
    return [path for folder in folders for path in find(folder, 1_000_000)]


def held_out_regions(folders: Sequence[Path], most: int) -> tuple[list[FaceCrop], list[FaceCrop]]:
    """The test set: probes, and a gallery with another photo of each person who has two.

    Args:
        folders: photos never trained on.
        most: maximum of regions, and of gallery photos, from each folder.

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
    """Two photos of each person, where file or folder names give the identity.

    Either every subfolder holds all people, by the part of the file name before the underscore
    (neutral/001_03.jpg, smiling/001_08.jpg), or there is a subfolder for each person.
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
