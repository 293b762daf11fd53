"""Which parts of a photo are hidden, and what they look like then."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from proface.errors import UsageError
from proface.faces import detect, regions_for
from proface.geometry import Box, Face
from proface.media import Photo
from proface.obfuscators import Look, obfuscate
from proface.settings import Settings

Pixels = npt.NDArray[np.uint8]


def find_regions(
    photo: Photo, settings: Settings, taken: Sequence[Box] = ()
) -> tuple[tuple[Face, ...], list[Box]]:
    """All faces of a photo, and the regions that protecting it with these settings would hide.

    taken: regions that are protected already.
    """
    faces = tuple(detect(photo.pixels, threshold=settings.threshold)) if settings.detect else ()
    return faces, _choose_regions(photo, faces, settings, taken)


def in_look(photo: Photo, box: Box, look: str | Look, faces: Sequence[Face]) -> Pixels:
    """A region of the photo as the look alone shows it; faces in the photo's coordinates."""
    return obfuscate(photo.pixels[box.slices], look, _inside(faces, box))


def _choose_regions(
    photo: Photo, faces: Sequence[Face], settings: Settings, taken: Sequence[Box]
) -> list[Box]:
    """Regions of the faces that are not skipped and of those given, none over an earlier one."""
    unknown = [n for n in settings.skip if not 1 <= n <= len(faces)]
    if unknown:
        raise UsageError(
            f"{photo.source}: there is no face {unknown[0]} to skip; {len(faces)} were found."
        )
    wanted = [face.box for n, face in enumerate(faces, 1) if n not in settings.skip]
    for box in settings.regions:
        if not box.overlaps(Box(0, 0, *photo.size)):
            raise UsageError(f"{photo.source}: region {box.x},{box.y} lies outside the photo.")
    boxes = regions_for(wanted, photo.size, expand=settings.expand)
    if settings.regions:
        boxes = regions_for([*boxes, *settings.regions], photo.size, expand=0)
    free = [box for box in boxes if not any(box.overlaps(old) for old in taken)]
    if any(not any(box.overlaps(new) for new in free) for box in settings.regions):
        raise UsageError(f"{photo.source}: a region given lies over one protected already.")
    return free


def _inside(faces: Sequence[Face], box: Box) -> list[Face]:
    """The faces that touch a region, in its coordinates."""
    return [
        Face(
            Box(face.box.x - box.x, face.box.y - box.y, face.box.w, face.box.h),
            face.score,
            tuple((x - box.x, y - box.y) for x, y in face.landmarks),
        )
        for face in faces
        if face.box.overlaps(box)
    ]
