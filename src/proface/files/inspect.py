"""What a protected file tells without a key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proface.container.digests import changes
from proface.container.header import Header
from proface.errors import NotProtectedError
from proface.files.access import open_protected, read_with_header
from proface.files.seals import is_exact


@dataclass(frozen=True)
class Inspection:
    """What a protected file tells.

    Attributes:
        header: from the file, or put together from what its pixels say.
        size: width and height of the picture as it is now.
        altered: what changed since it was protected, by the header's digests.
        from_pixels: whether the file has no header.
        places: without a header, the regions as JSON types, with `now`, their place in the picture.
        missing: without a header, how many more regions there were.
    """

    header: Header
    size: tuple[int, int]
    altered: tuple[str, ...] = ()
    from_pixels: bool = False
    places: tuple[dict[str, Any], ...] = ()
    missing: int = 0

    def to_json(self) -> dict[str, Any]:
        """As JSON types; `header` is null without one."""
        if self.from_pixels:
            shown = describe_header(self.header)
            shown |= {"regions": list(self.places), "missing": self.missing}
            return {"header": None, **shown}
        return {"altered": list(self.altered), **describe_header(self.header)}


def inspect(file: Path, *, sidecar: Path | None = None) -> Inspection:
    """Read the header of a protected file, or what its pixels tell without one.

    Raises:
        NotProtectedError, DamagedFileError: as `recover`.
    """
    try:
        photo, header = read_with_header(file, sidecar=sidecar)
    except NotProtectedError:
        protected = open_protected(file)
        places = tuple(
            {
                **region.describe(),
                "now": vars(protected.box_now(protected.places[region].rounded())),
            }
            for one in protected.header.chain
            for region in one.regions
        )
        return Inspection(
            protected.header,
            protected.as_received.size,
            from_pixels=True,
            places=places,
            missing=protected.missing,
        )
    return Inspection(header, photo.size, tuple(changes(header, photo)))


def describe_header(header: Header) -> dict[str, Any]:
    """A header as JSON types, with stanzas reduced to their type."""
    return {
        "scheme": header.scheme,
        "keys": [stanza.get("type") for stanza in header.stanzas],
        "model": {"name": header.model_name, "sha256": header.model_sha256},
        "wrong_password": header.mode,
        "size": list(header.size),
        "photo_mode": header.photo_mode,
        "exact": is_exact(header),
        "sealed": {name: len(data) for name, data in header.sealed.items()},
        "regions": [region.describe() for region in header.regions],
        "previous": describe_header(header.previous) if header.previous else None,
    }
