"""Find everything in an image file besides its main picture."""

from __future__ import annotations

import os
from pathlib import Path

from proface.errors import ImageError
from proface.media.ancillary import gif, heif, png, tiff, webp
from proface.media.ancillary.parts import Ancillary
from proface.media.formats import known_format
from proface.media.jpeg import parts as jpeg

MOST_BYTES = 256 << 20  # of a file
_READERS = {
    "JPEG": jpeg.parts,
    "PNG": png.parts,
    "WEBP": webp.parts,
    "GIF": gif.parts,
    "TIFF": tiff.parts,
}
_DROPPED = {"JPEG": jpeg.dropped, "TIFF": tiff.dropped, "AVIF": heif.dropped, "HEIF": heif.dropped}


def read_ancillary(path: Path) -> Ancillary:
    """The parts of a file that `media.decode.open_image` accepts; those too large as `dropped`."""
    if os.path.getsize(path) > MOST_BYTES:
        return Ancillary(dropped=("whatever else is in the file (too large to search)",))
    data = path.read_bytes()
    kind = known_format(data[:64]) or ""
    reader, other = _READERS.get(kind), _DROPPED.get(kind)
    try:
        parts = tuple(reader(data)) if reader else ()
        dropped = tuple(dict.fromkeys(other(data))) if other else ()
    except ImageError:  # a decoder may read what is damaged elsewhere
        parts, dropped = (), ("whatever else is in the file (damaged)",)
    # What has no place in its container is only named.
    dropped += tuple(part.name for part in parts if not part.kind)
    return Ancillary(kind, tuple(part for part in parts if part.kind), dropped).fitting()
