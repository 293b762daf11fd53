"""Recognise videos by signature, never by suffix."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from proface.errors import UsageError
from proface.media.formats import known_format, refused_kind

VideoKind = Literal["MP4", "MKV"]

# Such files count as videos whatever their content, so that damaged ones are reported.
VIDEO_SUFFIXES = {
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts"),
    *(".wmv", ".flv", ".3gp", ".ogv"),
}
OUTPUT_SUFFIXES: dict[str, VideoKind] = {".mp4": "MP4", ".m4v": "MP4", ".mkv": "MKV"}
# FFmpeg's names of the formats below. Others, such as a list of files, could name further files.
DEMUXERS = "mov,matroska,avi,mpegts,mpeg,mpegvideo,asf,flv,ogg"
_EBML = b"\x1a\x45\xdf\xa3"
_OTHERS = (
    b"\x00\x00\x01\xba",  # MPEG program stream
    b"\x00\x00\x01\xb3",  # MPEG video
    b"\x30\x26\xb2\x75",  # ASF, WMV
    b"FLV\x01",
    b"OggS",
)


def looks_like_video(head: bytes) -> bool:
    """Whether the first 400 bytes of a file are those of a video."""
    if known_format(head) is not None or refused_kind(head) is not None:
        return False
    return (
        head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide")
        or head.startswith((_EBML, *_OTHERS))
        or (head[:4] == b"RIFF" and head[8:12] == b"AVI ")
        or (len(head) > 376 and head[0] == head[188] == head[376] == 0x47)  # MPEG-TS
    )


def is_video(path: Path) -> bool:
    """Whether a file is a video: by its signature, or else by its suffix; False if unreadable."""
    if not path.is_file():  # opening a pipe would block
        return False
    try:
        with open(path, "rb") as file:
            head = file.read(400)
    except OSError:
        return False
    if looks_like_video(head):
        return True
    return path.suffix.lower() in VIDEO_SUFFIXES and known_format(head) is None


def output_suffix(path: Path) -> str:
    """The suffix of a source's copy: .mp4 for MP4 and QuickTime, .mkv for all else."""
    try:
        with open(path, "rb") as file:
            head = file.read(16)
    except OSError:
        head = b""
    return ".mp4" if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free") else ".mkv"


def output_kind(path: Path) -> VideoKind:
    """The kind of file that an output's name asks for.

    Raises:
        UsageError: it is neither .mp4 nor .mkv.
    """
    kind = OUTPUT_SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise UsageError(f"{path}: a video is written as .mp4 or .mkv. Choose one of them.")
    return kind
