"""`Jpeg`: a JPEG as its coefficients with what is kept of the rest; reading and writing it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from proface.errors import OutputError
from proface.media.colour.profiles import fitting
from proface.media.decode import open_bytes_header, read_bytes
from proface.media.exif import orientation_of
from proface.media.jpeg.coefficients import Coefficients, read_coefficients
from proface.media.jpeg.encode import write_jpeg
from proface.media.jpeg.frame import Frame
from proface.media.jpeg.header import header_segments
from proface.media.jpeg.passengers import ICC, XMP, passengers
from proface.media.jpeg.segments import APP1, APP2, MAX_DATA, packed
from proface.media.jpeg.tiff import EXIF
from proface.media.metadata import (
    Metadata,
    collect,
    turned_xmp,
    with_orientation,
    with_resolution,
)

MAX_FILE_BYTES = 256 << 20  # a header has 64 MiB at most, a film behind the picture some tens
_ICC_ROOM = MAX_DATA - len(ICC) - 2
_MOST_ICC_SEGMENTS = 255


@dataclass(frozen=True, eq=False)
class Jpeg:
    """One JPEG in stored orientation: nothing is turned, boxes are in stored pixels.

    coefficients: the quantised DCT coefficients with frame and tables; not to be changed.
    orientation: 1 to 8, how a viewer turns the picture (EXIF 2.32, tag 0x0112).
    icc: the ICC colour profile, or None.
    metadata: EXIF, XMP and resolution; EXIF and XMP state orientation 1, and `to_bytes` serialises
        them for sealing.
    keeps_private: whether EXIF and XMP are written. Otherwise only orientation, profile and
        resolution are.
    passengers: the names of what else is in the file: previews, further pictures (MPF), gain maps,
        motion photos, comments and so on.
    source: the file's name for messages.
    """

    coefficients: Coefficients
    orientation: int = 1
    icc: bytes | None = None
    metadata: Metadata = field(default_factory=Metadata)
    keeps_private: bool = False
    passengers: tuple[str, ...] = ()
    source: str = "image"

    def __post_init__(self) -> None:
        for plane in self.coefficients.planes:
            plane.flags.writeable = False

    @property
    def frame(self) -> Frame:
        """Everything but the coefficients: size, components, tables, passes."""
        return self.coefficients.frame

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as stored."""
        return self.coefficients.size

    @property
    def is_grey(self) -> bool:
        """Whether it has no chroma."""
        return len(self.frame.components) == 1

    def with_metadata(self, sealed: bytes) -> Jpeg:
        """Put back the EXIF and XMP that `metadata.to_bytes` gave, to be written.

        Raises DamagedFileError if `sealed` is anything else.
        """
        metadata = Metadata.from_bytes(sealed, self.metadata.dpi)
        return replace(self, metadata=metadata, keeps_private=True)


def read_jpeg(source: str | os.PathLike[str] | bytes, name: str = "image") -> Jpeg:
    """Read a JPEG from a file or from its bytes: baseline, extended or progressive, 1 or 3 planes.

    A header of ours is left out: `container` reads it. name: for messages, with bytes.

    Raises UnsupportedImageError for CMYK and YCCK, arithmetic, lossless and hierarchical coding,
    12 bits, and what is no JPEG; ImageError for a file that is missing, cut off, damaged or too
    large. Both name the file and the remedy.
    """
    if isinstance(source, bytes):
        data = source
    else:
        name = os.fspath(source)
        data = read_bytes(Path(source), MAX_FILE_BYTES)
    coefficients = read_coefficients(data, name)
    with open_bytes_header(data, name) as image:
        return Jpeg(
            coefficients,
            orientation=orientation_of(image),
            icc=image.info.get("icc_profile") or None,
            metadata=collect(image, turned=False, size=image.size),
            passengers=passengers(data, name),
            source=name,
        )


def jpeg_bytes(jpeg: Jpeg, header: bytes | None = None) -> bytes:
    """Write the file: coefficients, tables, sampling, passes and restart intervals as they are.

    header: ours, in APP11 segments (docs/FORMAT.md); None for none. Huffman tables are made to fit.

    Raises OutputError for a profile, EXIF or XMP that a JPEG cannot hold.
    """
    metadata = jpeg.metadata if jpeg.keeps_private else jpeg.metadata.public()
    segments = [
        *_exif_segments(jpeg, metadata),
        *_xmp_segments(jpeg, metadata.xmp),
        *_profile_segments(jpeg),
        *([] if header is None else header_segments(header)),
    ]
    return write_jpeg(jpeg.frame, jpeg.coefficients.planes, segments)


def _exif_segments(jpeg: Jpeg, metadata: Metadata) -> list[bytes]:
    """EXIF with the orientation, and the resolution unless JFIF states it."""
    exif = with_orientation(metadata.exif, jpeg.orientation)
    jfif = jpeg.frame.jfif
    if jfif is None or jfif[2] == 0:
        exif = with_resolution(exif, metadata.dpi)
    if exif is None:
        return []
    if len(EXIF) + len(exif) > MAX_DATA:
        raise _too_large(jpeg, "EXIF")
    return [packed(APP1, EXIF + exif)]


def _xmp_segments(jpeg: Jpeg, xmp: bytes | None) -> list[bytes]:
    if xmp is None:
        return []
    if len(XMP) + len(xmp) > MAX_DATA:
        raise _too_large(jpeg, "XMP")
    return [packed(APP1, XMP + turned_xmp(xmp, jpeg.orientation))]


def _profile_segments(jpeg: Jpeg) -> list[bytes]:
    """The colour profile (ICC.1:2022, annex B.4)."""
    profile = fitting(jpeg.icc, grey=jpeg.is_grey) or b""
    parts = [profile[at : at + _ICC_ROOM] for at in range(0, len(profile), _ICC_ROOM)]
    if len(parts) > _MOST_ICC_SEGMENTS:
        raise _too_large(jpeg, "colour profile")
    return [
        packed(APP2, ICC + bytes((number, len(parts))) + part)
        for number, part in enumerate(parts, 1)
    ]


def _too_large(jpeg: Jpeg, what: str) -> OutputError:
    return OutputError(f"{jpeg.source}: the {what} is too large for a JPEG. Use .png.")
