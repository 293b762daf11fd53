"""Crop the largest face of each photo of a batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from proface.batch.jobs import Existing, is_done, make_folder
from proface.batch.plan import Job
from proface.batch.records import Outcome
from proface.container.storage import write_photo
from proface.faces import detect
from proface.faces.crop import warp_square
from proface.faces.recognition import TEMPLATE, similarity
from proface.media.atomic_output import atomic_output
from proface.media.photo import Photo, read_photo
from proface.types import Face, Pixels

AROUND = 0.35  # part added on each side of ArcFace's frame, which ends at brows and chin


@dataclass(frozen=True)
class Cropping:
    """The work of a batch that crops photos.

    Attributes:
        size: side of the crops, in pixels.
        align: turn the face upright.
        around: see `crop_face`.
        threshold: least detection score of a face.
        existing: what to do if the output exists.
    """

    size: int = 256
    align: bool = True
    around: float = AROUND
    threshold: float = 0.6
    existing: Existing = "refuse"

    def __call__(self, job: Job) -> Outcome:
        """Crop one photo.

        Raises:
            ProfaceError: it cannot be read or written.
        """
        if is_done(job, self.existing):
            return Outcome(job.source, job.output, "skipped")
        pixels = read_photo(job.source).pixels
        faces = detect(pixels, threshold=self.threshold)
        if not faces:
            return Outcome(job.source, None, "no faces", {"faces": 0})
        face = max(faces, key=lambda face: face.box.w * face.box.h)
        crop = crop_face(pixels, face, self.size, around=self.around, align=self.align)
        make_folder(job.output)
        with atomic_output(job.output, overwrite=self.existing == "overwrite") as temporary:
            write_photo(Photo(crop), temporary)
        return Outcome(job.source, job.output, "cropped", {"faces": len(faces)})


def crop_face(
    pixels: Pixels, face: Face, size: int, *, around: float = AROUND, align: bool = True
) -> Pixels:
    """A face, size x size x 3. Beyond the photo its edge is repeated.

    Args:
        pixels: uint8 H x W x 3, RGB.
        face: a face in these pixels, with five landmarks if it is to be aligned.
        size: side of the crop.
        around: part of the face's frame that is added on each side.
        align: turn it upright by its landmarks; otherwise only crop and scale.
    """
    if align and len(face.landmarks) == 5:
        # ArcFace's frame of 112 pixels in the centre of the crop.
        scale = size / (112 * (1 + 2 * around))
        target = (TEMPLATE - 55.5) * scale + (size - 1) / 2
        matrix = similarity(np.array(face.landmarks, np.float64), target)
    else:
        box = face.box
        scale = size / (max(box.w, box.h) * (1 + 2 * around))
        centre = np.array([box.x + (box.w - 1) / 2, box.y + (box.h - 1) / 2])
        matrix = np.column_stack((scale * np.eye(2), (size - 1) / 2 - scale * centre))
    return warp_square(pixels, matrix, size)
