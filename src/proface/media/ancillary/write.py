"""Put the parts of an original back into a recovered file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from proface.media.ancillary import png, tiff, webp
from proface.media.ancillary.parts import PROFILE, Ancillary, Part
from proface.media.formats import known_format
from proface.media.jpeg import parts as jpeg

_Writer = Callable[[bytes, Sequence[Part]], tuple[bytes, list[Part]]]
_WRITERS: dict[str, _Writer] = {
    "JPEG": jpeg.put_back,
    "PNG": png.put_back,
    "WEBP": webp.put_back,
    "TIFF": tiff.put_back,
}


def put_back(path: Path, ancillary: Ancillary) -> tuple[str, ...]:
    """Write the parts into a file of the container that they are from.

    Returns the names of those that the file cannot hold: all of them in another container.
    """
    parts = [part for part in ancillary.parts if part.kind != PROFILE]
    if not parts:
        return ()
    data = path.read_bytes()
    writer = _WRITERS.get(ancillary.format)
    if writer is None or known_format(data[:64]) != ancillary.format:
        return ancillary.names
    data, lost = writer(data, parts)
    path.write_bytes(data)
    return tuple(dict.fromkeys(part.name for part in lost if part.name))
