"""Recognise image formats by signature, never by suffix."""

from __future__ import annotations

from pathlib import Path

# Pillow reads more (EPS runs another program, raw camera files yield their thumbnail); only these
# are opened, to keep the attack surface small.
ACCEPTED = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "GIF", "BMP", "HEIF")

_EXPORT = "Export it as PNG, TIFF or JPEG first"

# (offset, signature, name, remedy); TIFF-based raw formats come before TIFF.
_REFUSED = (
    (0, b"\x00\x00\x00\x0cJXL \r\n\x87\n", "a JPEG XL image", _EXPORT),
    (0, b"\xff\x0a", "a JPEG XL image", _EXPORT),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", "a JPEG 2000 image", _EXPORT),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 image", _EXPORT),
    (0, b"8BPS", "a Photoshop document", _EXPORT),
    (0, b"%PDF", "a PDF document", "Export its page as PNG first"),
    (0, b"%!PS", "a PostScript file", "Export its page as PNG first"),
    (8, b"CR\x02", "a raw camera file", "Develop it to TIFF or JPEG first"),
    (0, b"FUJIFILMCCD-RAW", "a raw camera file", "Develop it to TIFF or JPEG first"),
    (0, b"IIRO", "a raw camera file", "Develop it to TIFF or JPEG first"),
    (0, b"IIU\x00", "a raw camera file", "Develop it to TIFF or JPEG first"),
)
_KNOWN = (
    (0, b"\xff\xd8", "JPEG"),
    (0, b"\x89PNG", "PNG"),
    (0, b"II*\x00", "TIFF"),
    (0, b"MM\x00*", "TIFF"),
    (0, b"II+\x00", "TIFF"),
    (0, b"MM\x00+", "TIFF"),
    (0, b"GIF8", "GIF"),
    (0, b"BM", "BMP"),
)
_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs"}
_HEIF_BRANDS |= {b"mif1", b"msf1", b"mif2"}


def known_format(head: bytes) -> str | None:
    """The accepted format of a file, or None.

    head: the first 64 bytes of the file or more.
    """
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    brands = _brands(head)
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    if brands & _HEIF_BRANDS:
        return "HEIF"
    for offset, magic, name in _KNOWN:
        if head.startswith(magic, offset):
            return name
    return None


def is_jpeg(path: Path) -> bool:
    """Whether a file is a JPEG, by its signature; False if it cannot be read."""
    if not path.is_file():  # opening a pipe would block
        return False
    try:
        with open(path, "rb") as file:
            return known_format(file.read(64)) == "JPEG"
    except OSError:
        return False


def refused_kind(head: bytes) -> tuple[str, str] | None:
    """Name ("a JPEG XL image") and remedy of a known unsupported kind, or None."""
    for offset, magic, name, remedy in _REFUSED:
        if head.startswith(magic, offset):
            return name, remedy
    return None


def has_deep_colour(head: bytes) -> bool:
    """Whether an AVIF file has 10 or 12 bits per channel, which Pillow reduces to 8.

    AV1 ISOBMFF binding, AV1CodecConfigurationRecord: bit 6 of the third byte is high_bitdepth.
    """
    at = head.find(b"av1C")
    return at >= 0 and len(head) > at + 6 and bool(head[at + 6] & 0x40)


def _brands(head: bytes) -> set[bytes]:
    """Major and compatible brands of an ISO base media file (`ftyp` box); empty for others."""
    if head[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(head[:4], "big"), len(head), 256)
    return {head[8:12]} | {head[at : at + 4] for at in range(16, end - 3, 4)}
