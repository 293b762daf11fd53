"""A recovered photo in memory, and how it is written."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from proface.container.header import Header
from proface.container.storage import JPEG_SUFFIXES, write_photo
from proface.errors import OutputError
from proface.files.recover_regions import RecoveredFace
from proface.files.restored import fitted_metadata
from proface.media.ancillary.parts import Ancillary
from proface.media.ancillary.write import put_back
from proface.media.atomic_output import atomic_output
from proface.media.photo import Photo
from proface.types import Region


@dataclass(frozen=True)
class Recovered:
    """A recovered photo in memory.

    Attributes:
        photo: the recovered photo; pixels outside the regions equal the original's.
        header: the header of the protected file.
        still: the header of an earlier protection that this key does not open, or None.
        faces: how each opened region was recovered.
        opened: the numbers of the faces opened with face keys; None with a key of the whole file.
        closed: the regions that are still protected, of all protections.
        changed: what changed in the picture since it was protected, as far as its header tells.
        from_pixels: whether there was no header that fits: nothing tells what changed.
        turned: whether it was turned or mirrored since it was protected; so is the result.
        verified: whether a MAC under the key vouches for the header of every protection opened. Not
            so for deniable files, face keys, regions found by their pixels, and altered headers.
        warnings: faces that could not be recovered; with `force`, the alterations found.
        ancillary: what else was in the original file, and names of what was left out of it.
        permissions: the most that a written file may have: those of the protected one.
    """

    photo: Photo
    header: Header
    still: Header | None = None
    faces: tuple[RecoveredFace, ...] = ()
    opened: tuple[int, ...] | None = None
    closed: tuple[Region, ...] = ()
    changed: tuple[str, ...] = ()
    from_pixels: bool = False
    turned: bool = False
    verified: bool = False
    warnings: tuple[str, ...] = ()
    ancillary: Ancillary = field(default_factory=Ancillary)
    permissions: int = 0o666

    @property
    def exact(self) -> bool:
        """Whether every opened region is bit-exact, from its sealed original."""
        return all(face.how == "exact" for face in self.faces)

    @property
    def image(self) -> Image.Image:
        """The recovered picture, greyscale if the original was."""
        return self.photo.as_pixels().to_image()

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> tuple[str, ...]:
        """Write the picture atomically, with the header of a protection that is still closed.

        All else that was in the original file is put back as far as this format holds it.

        After a recovery with face keys, faces that are still protected cannot be recovered from the
        written file, as its header would need a new MAC: keep the protected file.

        Args:
            path: .png, .webp or .tif(f); .jpg if it was recovered from a JPEG.
            overwrite: replace an existing file.

        Returns:
            Names of what this format does not hold; it stays in the protected file.

        Raises:
            OutputExistsError, OutputError: it cannot be written.
        """
        still = self.still
        # With `force`, a header may lack what no reader could do without.
        whole = still is not None and still.mac is not None and still.rest_sha256 is not None
        header = still.to_bytes() if still is not None and whole else None
        photo = self.photo
        if Path(path).suffix.lower() not in JPEG_SUFFIXES and photo.jpeg is not None:
            if header is not None:
                raise OutputError(
                    f"{path}: an earlier protection of this JPEG, under another key, is still "
                    "closed, and lives in a JPEG only. Write .jpg."
                )
            photo = photo.as_pixels()
        photo, lost = fitted_metadata(photo, self.ancillary, Path(path))
        with atomic_output(path, overwrite=overwrite, mode=self.permissions) as temporary:
            write_photo(photo, temporary, header=header)
            lost += put_back(temporary, self.ancillary)
        return lost
