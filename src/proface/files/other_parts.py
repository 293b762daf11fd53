"""What becomes of everything besides the pixels when a photo is protected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from proface.files.seals import seal_alpha, seal_ancillary, seal_metadata
from proface.keys import FaceKey
from proface.media.ancillary.parts import names_of_all
from proface.media.metadata import Metadata
from proface.media.photo import Photo
from proface.types import Region


@dataclass(frozen=True)
class OtherParts:
    """Names of what else was in a photo's file.

    Attributes:
        sealed: what comes back on recovery.
        left_out: what is lost.
        converted: what was changed in the picture on reading: "CMYK to RGB".
    """

    sealed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    converted: tuple[str, ...] = ()


def other_parts(photo: Photo, kept: Metadata, *, deniable: bool) -> OtherParts:
    """Names for a photo of which the metadata `kept` stays readable; a deniable file seals none."""
    found = photo.ancillary
    if not deniable:
        return OtherParts(names_of_all(photo.metadata, found), found.dropped, found.converted)
    lost = (
        f"{name} (all but what is kept)" if name in kept.names else name
        for name in photo.metadata.names
    )
    return OtherParts((), (*lost, *found.all_dropped().dropped), found.converted)


def seal_parts(
    photo: Photo, masked: Sequence[Region], file_key: bytes, model: str
) -> dict[str, bytes]:
    """Seal metadata, all else in the file, and the transparency of these regions; by name."""
    sealed: dict[str, bytes] = {}
    if photo.metadata.is_private:
        sealed |= seal_metadata(photo.metadata, file_key, model)
    if not photo.ancillary.is_empty:
        sealed |= seal_ancillary(photo.ancillary, file_key, model)
    if photo.alpha is not None and masked:
        keys = [FaceKey.derive(file_key, model, region) for region in masked]
        sealed |= seal_alpha(photo.alpha, keys)
    return sealed
