"""What all face-swap looks share: the target photo, its face, and the faces to replace."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from proface.errors import ProfaceError, UsageError
from proface.faces.regions import clipped
from proface.faces.resize import shrunk
from proface.looks.look import Look, LookKind, scale_of
from proface.looks.pixelate import UNDER_BLOCK, mosaic
from proface.types import Box, Face, Pixels

LARGEST_SIDE = 1024  # in pixels; a photo is shrunk to this before face detection
SURE = 0.85  # part of the highest score that the face to show has at least
AROUND = 1.0  # margin kept on each side of the face, in face sizes
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".avif", ".bmp", ".gif"}


@dataclass(frozen=True)
class Target:
    """A face to show, with a margin: the bytes of h x w x 3 pixels, and the face within them.

    Bytes, not an array, so that it can be hashed and compared.
    """

    data: bytes = field(repr=False)
    height: int
    width: int
    face: Face

    @property
    def pixels(self) -> Pixels:
        """uint8 h x w x 3, RGB, read-only."""
        return np.frombuffer(self.data, np.uint8).reshape(self.height, self.width, 3)


def parse_target(name: str, text: str) -> Look:
    """The look `name` with the face of a photo, or of a random photo of a folder.

    Its canonical form, "swap:custom", reveals nothing about the file.

    Raises:
        UsageError: no path, an unreadable photo, or no face in it.
    """
    path = Path(text).expanduser()
    if not text or (text == "custom" and not path.exists()):
        raise UsageError(
            f"look {name}: it needs a photo with the face to show, or a folder of such photos: "
            f"{name}:face.jpg"
        )
    return Look(name, "custom", target=_drawn(path) if path.is_dir() else _target(path))


def swap_look(
    name: str,
    summary: str,
    *,
    leaks: str,
    show: Callable[[Pixels, Face, Target], None],
    check: Callable[[], None] = lambda: None,
) -> LookKind:
    """A look that shows a target's face in the place of each face.

    `show` replaces one face in uint8 H x W x 3 pixels, in place. `check` raises what is missing
    to run it, when the look is chosen.
    """

    def parse(text: str) -> Look:
        look = parse_target(name, text)
        check()
        return look

    def apply(pixels: Pixels, look: Look, faces: Sequence[Face]) -> Pixels:
        if look.target is None:
            raise UsageError(f"look {look}: the face to show is missing; give {name}:face.jpg")
        out = pixels.copy()
        # A box marked by hand says where, not what: all of it is hidden, not only a face in it.
        by_hand = [face.box for face in faces if not face.landmarks]
        hidden = mosaic(out, UNDER_BLOCK * scale_of(out)) if by_hand else out
        for box in by_hand:
            inside = clipped(box, (out.shape[1], out.shape[0]))
            if inside is not None:
                out[inside.slices] = hidden[inside.slices]
        for face in faces_to_hide(pixels, list(faces)):
            show(out, face, look.target)
        return out

    return LookKind(
        name=name,
        summary=summary,
        meaning="the photo whose face is shown, or a folder of photos, of which one is drawn",
        default="",
        range=f"a photo's or a folder's path, such as {name}:face.jpg",
        leaks=leaks,
        parse=parse,
        apply=apply,
    )


def network_look(name: str, title: str) -> LookKind:
    """A `swap_look` by a network; the user brings its weights."""

    def check() -> None:
        from proface.looks.swaps.load_weights import require_weights

        require_weights(name)

    def show(pixels: Pixels, face: Face, target: Target) -> None:
        from proface.looks.swaps.apply import swap_face

        swap_face(name, pixels, face, target)

    return swap_look(
        name,
        f"Another person's face, put there by the network {title}, whose weights you bring",
        leaks="Not measured here, as the published weights cannot be shipped. Pose, expression, "
        "hair, build and surroundings stay visible.",
        show=show,
        check=check,
    )


def faces_to_hide(pixels: Pixels, faces: list[Face]) -> list[Face]:
    """The faces of a region, at least one, with landmarks where they are known.

    Missing landmarks are detected. Without any face, one is assumed to fill the region.
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
            near = [other for other in found if _has_centre(face.box, other.box)]
            faces[n] = replace(face, landmarks=near[0].landmarks) if near else face
    return faces


def _has_centre(box: Box, inner: Box) -> bool:
    x, y = inner.x + inner.w / 2, inner.y + inner.h / 2
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
            continue  # not a photo, or no face in it
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
    """The largest sure face of a photo; time of change and size are part of the cache's key."""
    from proface.faces import detect
    from proface.media.photo import read_photo

    pixels = read_photo(path).pixels
    pixels = shrunk(pixels, max(pixels.shape[:2]) / LARGEST_SIDE)
    faces = detect(pixels)
    if not faces:
        raise UsageError("nobody was found in it. Choose a photo with one large, upright face.")
    # A large false alarm has a far lower score than a face that was photographed to be shown.
    sure = SURE * max(face.score for face in faces)
    likely = [face for face in faces if face.score >= sure]
    return _cut(pixels, max(likely, key=lambda face: face.box.w * face.box.h))


def _cut(pixels: Pixels, face: Face) -> Target:
    """The face with its margin: what is further away is never shown."""
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
