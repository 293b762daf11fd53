"""A protected picture as it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from proface.container.header import Header
from proface.media.orientation import stored_box
from proface.media.photo import Photo
from proface.types import Box, Place, Region


@dataclass(frozen=True)
class ProtectedPhoto:
    """A protected picture as read.

    Attributes:
        photo: the picture, as stored; if it was turned, in pixels alone and as it was before.
        header: from the file, or put together from what its pixels say.
        changed: what changed in the picture since the header was made; empty if nothing did.
        places: where regions are, if not at their boxes.
        from_pixels: whether the header is from the pixels: it has neither digests nor seals.
        missing: regions of which the pixels tell that are not in the picture any more.
        said: the public bytes of regions that were found by their pixels.
        received: the picture as stored, if that was turned since it was protected.
        orientation: how to turn that to what it was when it was protected, as in EXIF.
    """

    photo: Photo
    header: Header
    changed: tuple[str, ...] = ()
    places: Mapping[Region, Place] = field(default_factory=dict)
    from_pixels: bool = False
    missing: int = 0
    said: Mapping[Region, bytes] = field(default_factory=dict)
    received: Photo | None = None
    orientation: int = 1

    @property
    def turned(self) -> bool:
        """Whether the picture was turned or mirrored since it was protected."""
        return self.received is not None

    @property
    def as_received(self) -> Photo:
        """The picture as stored, turned or not."""
        return self.received or self.photo

    def box_now(self, box: Box) -> Box:
        """Where a box of `photo` lies in the picture as received."""
        return stored_box(box, self.orientation, self.photo.size)
