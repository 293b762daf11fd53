"""Find the colour code points (CICP) that a file states, which Pillow does not tell."""

from __future__ import annotations

from pathlib import Path

from proface.media.ancillary import heif
from proface.media.colour.meaning import CodePoints
from proface.media.file_limits import MAX_HEIF_BYTES
from proface.media.formats import known_format
from proface.media.png_chunks import chunks


def stated_code_points(path: Path) -> CodePoints | None:
    """Code points of a PNG (cICP), HEIC or AVIF (nclx); None if it states none."""
    with open(path, "rb") as file:
        kind = known_format(file.read(64))
        if kind == "PNG":
            for name, length, offset in chunks(file):
                if name == b"IDAT":
                    return None
                if name == b"cICP" and length == 4:
                    file.seek(offset)
                    primaries, transfer = file.read(2)
                    return CodePoints(primaries, transfer)
        if kind in ("AVIF", "HEIF"):
            file.seek(0)
            found = heif.code_points(file.read(MAX_HEIF_BYTES))
            return None if found is None else CodePoints(*found)
    return None
