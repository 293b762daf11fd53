"""The photo whose face a swap shows: read from the user's file, its largest face found."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from proface.errors import ProfaceError, UsageError
from proface.geometry import Box, Face
from proface.obfuscators.look import Look, Pixels

LARGEST_SIDE = 1024  # a photo is shrunk to this before its face is searched
AROUND = 1.0  # part of the face's size that is kept on each side of it
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".avif", ".bmp", ".gif"}
MEANING = "the photo whose face is shown, or a folder of photos, of which one is drawn"
RANGE = "a photo's or a folder's path, such as swap:face.jpg"


@dataclass(frozen=True)
class Target:
    """A face to show, with its surroundings: the bytes of h x w x 3 pixels, and where it lies."""

    data: bytes = field(repr=False)
    height: int
    width: int
    face: Face

    @property
    def pixels(self) -> Pixels:
        """uint8 h x w x 3, RGB, read-only."""
        return np.frombuffer(self.data, np.uint8).reshape(self.height, self.width, 3)


def parse_target(name: str, text: str) -> Look:
    """The look `name` with the face in a photo, or in one that is drawn from a folder.

    Its canonical form, "swap:custom", tells nothing about the file.

    Raises:
        UsageError: no path, nothing that can be read there, or no face in it.
    """
    path = Path(text).expanduser()
    if not text or (text == "custom" and not path.exists()):
        raise UsageError(
            f"look {name}: it needs a photo with the face to show, or a folder of such photos: "
            f"{name}:face.jpg"
        )
    return Look(name, "custom", target=_drawn(path) if path.is_dir() else _target(path))


def target_of(look: Look) -> Target:
    """The face that a look shows.

    Raises:
        UsageError: the look was made without one.
    """
    if look.target is None:
        raise UsageError(f"look {look}: the face to show is missing; give {look.name}:face.jpg")
    return look.target


def faces_to_hide(pixels: Pixels, faces: list[Face]) -> list[Face]:
    """The faces of a region, all that is known about them; at least one.

    Landmarks that are not given are searched in the region. Where nobody is found, somebody is
    taken to fill it.
    """
    region = Box(0, 0, pixels.shape[1], pixels.shape[0])
    faces = [face for face in faces if face.box.overlaps(region)]
    if faces and all(len(face.landmarks) == 5 for face in faces):
        return faces
    from proface.faces import detect

    found = detect(np.ascontiguousarray(pixels))
    if not faces:
        return found or [Face(region)]
    for n, face in enumerate(faces):
        if len(face.landmarks) != 5:
            near = [other for other in found if _centred(other, face)]
            faces[n] = replace(face, landmarks=near[0].landmarks) if near else face
    return faces


def _centred(inner: Face, outer: Face) -> bool:
    x, y = inner.box.x + inner.box.w / 2, inner.box.y + inner.box.h / 2
    box = outer.box
    return box.x <= x < box.x + box.w and box.y <= y < box.y + box.h


def _drawn(folder: Path) -> Target:
    try:
        photos = [entry for entry in folder.iterdir() if entry.suffix.lower() in SUFFIXES]
    except OSError as error:
        raise UsageError(f"{folder}: the folder cannot be read ({error.strerror})") from None
    for photo in random.SystemRandom().sample(sorted(photos), len(photos)):
        try:
            return _target(photo)
        except UsageError:
            continue  # no photo, or nobody in it
    raise UsageError(f"{folder}: the folder holds no photo with a face to show")


def _target(path: Path) -> Target:
    try:
        facts = path.stat()
        return _read(path.absolute(), facts.st_mtime_ns, facts.st_size)
    except OSError as error:
        raise UsageError(f"{path}: the photo to show cannot be read ({error.strerror})") from None
    except ProfaceError as error:
        reason = str(error).removeprefix(f"{path.absolute()}: ")
        raise UsageError(f"{path}: no face to show: {reason}") from None


@lru_cache(maxsize=32)
def _read(path: Path, changed: int, size: int) -> Target:
    """The largest face of a photo. A file is read again once it has changed."""
    import cv2

    from proface.faces import detect
    from proface.media import read_photo

    pixels = read_photo(path).pixels
    shrink = max(pixels.shape[:2]) / LARGEST_SIDE
    if shrink > 1:
        width, height = (max(1, round(side / shrink)) for side in pixels.shape[1::-1])
        pixels = np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA))
    faces = detect(pixels)
    if not faces:
        raise UsageError("nobody was found in it. Choose a photo with one large, upright face.")
    return _cut(pixels, max(faces, key=lambda face: face.box.w * face.box.h))


def _cut(pixels: Pixels, face: Face) -> Target:
    """The face with some surroundings: what is further away is never shown."""
    box = face.box
    left, top = (max(0, round(at - AROUND * s)) for at, s in ((box.x, box.w), (box.y, box.h)))
    right = min(pixels.shape[1], round(box.x + (1 + AROUND) * box.w))
    bottom = min(pixels.shape[0], round(box.y + (1 + AROUND) * box.h))
    moved = Face(
        Box(box.x - left, box.y - top, box.w, box.h),
        face.score,
        tuple((x - left, y - top) for x, y in face.landmarks),
    )
    return Target(pixels[top:bottom, left:right].tobytes(), bottom - top, right - left, moved)
