"""Recover regions of one picture, each from its sealed original or else from the pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np

from proface.container.digests import photo_region_digest
from proface.container.header import Header
from proface.errors import DamagedFileError, WrongPasswordError
from proface.files.describe import expected_description
from proface.files.protected_photo import ProtectedPhoto
from proface.files.seals import open_alpha, open_coefficients, open_original
from proface.keys import FaceKey, FaceKeys
from proface.media.jpeg import (
    Jpeg,
    aligned,
    in_grey,
    is_on_grid,
    replace_regions,
    to_pixels,
    with_region_coefficients,
)
from proface.media.metadata import Metadata
from proface.media.orientation import as_stored
from proface.media.photo import Photo
from proface.models.flow import Flow, Revealed
from proface.models.store import ModelStore
from proface.pipeline.recover import decodes_region, paste, recover_region
from proface.types import Box, Pixels, Place, Region

Part = TypeVar("Part", Pixels, bytes)
# "exact": from its sealed original. "full" and "coarse": from the pixels. "lost": not recovered.
How = Literal["exact", "full", "coarse", "lost"]


@dataclass(frozen=True)
class RecoveredFace:
    """How one region was recovered.

    Attributes:
        n: its number.
        box: where it is in the recovered picture.
        how: see `How`.
        condition: what happened to the picture, if its pixels tell; else empty.
        doubtful: whether its pixels do not decode to a picture under the key, in a file for which
            no MAC vouches: a wrong password, or a forged header.
    """

    n: int
    box: Box
    how: How
    condition: str = ""
    doubtful: bool = False

    def describe(self) -> str:
        """In words: "face 2: coarse picture only; scaled to about 50% and compressed"."""
        words = {
            "exact": "exactly, from its sealed original",
            "full": "from the pixels",
            "coarse": "only a coarse picture",
            "lost": "damaged beyond what error correction can repair",
        }
        condition = f" ({self.condition})" if self.condition else ""
        return f"face {self.n}: {words[self.how]}{condition}"


class RegionRecoverer:
    """Recovers regions of one picture.

    Attributes:
        pixels: the picture so far.
        faces: how each region was recovered.
        warnings: with `force`, the faults found.
    """

    def __init__(self, protected: ProtectedPhoto, models: ModelStore, *, force: bool) -> None:
        self._protected, self._models, self._force = protected, models, force
        self.pixels: Pixels = protected.photo.pixels.copy()
        self.faces: list[RecoveredFace] = []
        self.warnings: list[str] = []
        self._coefficients: list[tuple[Box, bytes]] = []
        self._alpha = None if protected.photo.alpha is None else protected.photo.alpha.copy()

    def finish(self, mode: Literal["RGB", "L"], metadata: Metadata) -> Photo:
        """The picture with all that was recovered."""
        self._turn_back()
        photo = replace(self._protected.as_received, mode=mode, metadata=metadata)
        if photo.jpeg is None:
            return replace(photo, pixels=self.pixels, alpha=self._alpha)
        edited = replace_regions(photo.jpeg, self._edits(photo.jpeg))
        for box, coefficients in self._coefficients:
            edited = with_region_coefficients(edited, box, coefficients)
        if mode == "L" and all(face.how == "exact" for face in self.faces):
            edited = in_grey(edited)
        edited = replace(edited, metadata=metadata, keeps_private=True)
        return replace(photo, jpeg=edited, pixels=to_pixels(edited))

    def _turn_back(self) -> None:
        """Turn all that was recovered to how the picture was received."""
        orientation = self._protected.orientation
        self.pixels = as_stored(self.pixels, orientation)
        if self._alpha is not None:
            self._alpha = as_stored(self._alpha, orientation)
        box_now = self._protected.box_now
        self.faces = [replace(face, box=box_now(face.box)) for face in self.faces]

    def _edits(self, jpeg: Jpeg) -> list[tuple[Box, Pixels]]:
        """Pixels of the regions that were not recovered exactly, on the JPEG's grid."""
        boxes = [aligned(jpeg, face.box) for face in self.faces if face.how in ("full", "coarse")]
        return [(box, np.ascontiguousarray(self.pixels[box.slices])) for box in boxes]

    def recover(self, header: Header, keys: Iterable[tuple[Region, FaceKey]]) -> list[Region]:
        """Recover the regions of these keys; return those whose key is another photo's.

        Raises:
            DamagedFileError: a sealed original was altered, without `force`.
            ModelError: the flow that protected the picture is needed and not available.
        """
        others: list[Region] = []
        for region, key in keys:
            place = self._protected.places.get(region)
            box = key.box if place is None else place.rounded()
            if place is None:
                self._put_alpha(header, key)
            if self._exact_coefficients(header, key):
                continue
            original = self._sealed(open_original, header, key)
            if original is not None:
                self._put(original, box, key, "exact", "")
                continue
            flow = self._models.find(header.model_name, header.model_sha256, header.mode)
            said = self._protected.said.get(region)
            known = (said, b"\xff" * len(said)) if said is not None else None
            if known is None and place is not None:
                known = expected_description(header, region, flow)
            revealed = recover_region(self._protected.photo.pixels, key, flow, place, known)
            if revealed.wrong_pad and self._protected.from_pixels:
                others.append(region)
            elif revealed.quality == "none":
                self._lost(key, box, revealed)
            else:
                self._put(revealed.pixels, box, key, revealed.quality, revealed.condition)
                if header.mac is None and not self._protected.from_pixels:
                    self._doubt(flow, key)
        return others

    def _doubt(self, flow: Flow, key: FaceKey) -> None:
        """Warn if the last face's pixels do not decode under a key that nothing vouches for."""
        if decodes_region(self._protected.photo.pixels, key, flow) is False:
            self.faces[-1] = replace(self.faces[-1], doubtful=True)
            self.warnings.append(
                f"face {key.n}: the pixels do not decode to a picture under this password: it is "
                "wrong, or the file was altered"
            )

    def check_any(self) -> None:
        """Raise DamagedFileError if regions were tried, and none could be recovered."""
        lost = [face for face in self.faces if face.how == "lost"]
        if not lost or len(lost) < len(self.faces):
            return
        raise DamagedFileError(
            f"{self._protected.photo.source}: {lost[0].describe()}. Use a copy that was changed "
            "less; WebP and small sizes destroy more than JPEG at the full size."
        )

    def check_own(self, others: int) -> None:
        """Raise DamagedFileError if all regions in the pixels, `others`, hold another key's words.

        Somebody copied the description of another photo into these.
        """
        if others and not self.faces:
            raise DamagedFileError(
                f"{self._protected.photo.source}: the pixels name a key that is right, but hold "
                "nothing that it opens: they were forged. Use another copy."
            )

    def _put_alpha(self, header: Header, key: FaceKey) -> None:
        """Put the transparency of a region back, if it is sealed."""
        alpha = self._sealed(open_alpha, header, key)
        if alpha is None:
            return
        if self._alpha is None:  # encoders omit an opaque plane
            self._alpha = np.full(self.pixels.shape[:2], 255, np.uint8)
        self._alpha[key.box.slices] = alpha

    def _put(self, original: Pixels, box: Box, key: FaceKey, how: How, condition: str) -> None:
        paste(self.pixels, original, Place(box.x, box.y, box.w, box.h))
        self.faces.append(RecoveredFace(key.n, self._visible(box), how, condition))

    def _lost(self, key: FaceKey, box: Box, revealed: Revealed) -> None:
        face = RecoveredFace(key.n, self._visible(box), "lost", revealed.condition)
        self.faces.append(face)
        self.warnings.append(face.describe())

    def _visible(self, box: Box) -> Box:
        """The part of a region that a cropped picture shows."""
        height, width = self.pixels.shape[:2]
        return Box(box.x, box.y, min(box.w, width - box.x), min(box.h, height - box.y))

    def _exact_coefficients(self, header: Header, key: FaceKey) -> bool:
        """Whether the region of an unchanged JPEG has sealed coefficients; they are put back."""
        jpeg = self._protected.photo.jpeg
        if jpeg is None or self._protected.changed or not is_on_grid(jpeg, key.box):
            return False
        data = self._sealed(open_coefficients, header, key)
        if data is None:
            return False
        self._coefficients.append((key.box, data))
        self.faces.append(RecoveredFace(key.n, key.box, "exact"))
        return True

    def _sealed(
        self, open_part: Callable[[Header, FaceKey], Part | None], header: Header, key: FaceKey
    ) -> Part | None:
        """A sealed original; None, with a warning, for one that was altered, with `force`."""
        try:
            return open_part(header, key)
        except DamagedFileError as error:
            if not self._force:
                raise DamagedFileError(
                    f"{self._protected.photo.source}: {error}. Use another copy, or option `force`."
                ) from None
            self.warnings.append(
                f"{error}: the region was recovered from the picture, approximately"
            )
            return None


def nothing_opened(photo: Photo, keys: FaceKeys) -> DamagedFileError | WrongPasswordError:
    """The error that says why no key opened a face."""
    for key in keys.faces:
        if inside(key, photo) and photo_region_digest(photo, key.box) == key.sha256:
            return DamagedFileError(
                f"{photo.source}: the face of this key is in the picture, but not in the header: "
                "the header was altered. Use another copy."
            )
    return WrongPasswordError(
        f"{photo.source}: this key file opens {keys.describe()} of another protected photo. "
        "Give the key file that was exported from this one."
    )


def inside(key: FaceKey, photo: Photo) -> bool:
    """Whether the place of a face lies in the picture."""
    width, height = photo.size
    box = key.box
    return 0 < box.w <= width - box.x and 0 < box.h <= height - box.y
