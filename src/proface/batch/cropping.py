"""Cropping the largest face of one photo of many."""

from __future__ import annotations

from dataclasses import dataclass

from proface.batch.outcome import Outcome
from proface.batch.plan import Job
from proface.batch.work import Existing, is_done, make_folder
from proface.faces import detect
from proface.faces.crop import AROUND, crop_face
from proface.media import Photo, atomic_output, read_photo, write_photo


@dataclass(frozen=True)
class Cropping:
    """Crops one photo after the other.

    Attributes:
        size: side of the crops, in pixels.
        align: turn the face upright.
        around: see `proface.faces.crop`.
        threshold: least score of a face.
        existing: what to do where the output is there already.
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
