"""proface's records in a video file, which players skip: the header, then sealed chunks.

MP4   boxes of type `uuid`, between `ftyp` and `moov`
MKV   Void elements, between the EBML header and the Segment

A record is the 16 bytes of UUID, 4 of its type, and its data. They stand in front of the film, so
that a truncated file loses film and keeps faces. docs/FORMAT.md, section 14.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from proface.errors import DamagedFileError, OutputError

UUID = bytes.fromhex("70726f66616365a1b0d3f5e41c7a2b91")
RecordType = Literal[b"head", b"chnk"]
MAX_RECORD_BYTES = 256 << 20
MAX_RECORDS = 200_000
_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"
_VOID = 0xEC
_COPY_BYTES = 1 << 20


@dataclass(frozen=True)
class Record:
    """Where a record is in its file: its type, the place of its data, their length."""

    type: bytes
    offset: int
    length: int

    def read(self, file: BinaryIO) -> bytes:
        """Its data; shorter if the file was truncated."""
        file.seek(self.offset)
        return file.read(self.length)


def find_records(path: Path) -> list[Record]:
    """All records of a file, in order; empty if there are none or it is no video.

    Raises:
        DamagedFileError: a record is larger than any that is written.
    """
    found: list[Record] = []
    if not os.path.isfile(path):  # opening a pipe would block
        return found
    with open(path, "rb") as file:
        head = file.read(8)
        elements = _ebml(file) if head.startswith(_EBML) else _boxes(file)
        if not head.startswith(_EBML) and head[4:8] != b"ftyp":
            return found
        for start, length in elements:
            file.seek(start)
            prefix = file.read(20)
            if prefix[:16] != UUID or len(prefix) < 20:
                continue
            if length - 20 > MAX_RECORD_BYTES or len(found) >= MAX_RECORDS:
                raise DamagedFileError(
                    f"{path}: a part of the file is too large: it was damaged or altered."
                )
            found.append(Record(prefix[16:], start + 20, length - 20))
    return found


def add_records(
    source: Path, target: Path, records: Iterable[tuple[RecordType, bytes]], sizes: int
) -> None:
    """Copy a video that PyAV wrote, with records in front of its film.

    Args:
        source, target: the files; the target is replaced.
        records: types and data.
        sizes: the sum of the lengths of all data, and their number, by `total_size`.

    Raises:
        OutputError: an MP4 file would grow beyond 4 GiB.
    """
    with open(source, "rb") as file, open(target, "wb") as output:
        if file.read(4) == _EBML:
            _add_to_mkv(file, output, records)
        else:
            _add_to_mp4(file, output, records, sizes, target)


def total_size(lengths: Iterable[int]) -> int:
    """How many bytes the records with data of these lengths take in an MP4 file."""
    return sum(_BOX_BYTES + length for length in lengths)


_BOX_BYTES = 4 + 4 + 16 + 4


def _add_to_mkv(
    file: BinaryIO, output: BinaryIO, records: Iterable[tuple[RecordType, bytes]]
) -> None:
    file.seek(4)
    size, used = _vint(file.read(8))
    head = 4 + used + size
    file.seek(0)
    output.write(file.read(head))
    for kind, data in records:
        length = len(UUID) + 4 + len(data)
        output.write(bytes([_VOID]) + (length | 1 << 56).to_bytes(8, "big") + UUID + kind)
        output.write(data)
    _copy(file, output)


def _add_to_mp4(
    file: BinaryIO,
    output: BinaryIO,
    records: Iterable[tuple[RecordType, bytes]],
    sizes: int,
    target: Path,
) -> None:
    """ftyp, records, moov with shifted offsets, then everything else as it was."""
    boxes = {kind: (start, length) for start, length, kind in _raw_boxes(file)}
    start, length = boxes[b"moov"]
    file.seek(start)
    moov = bytearray(file.read(length))
    first = boxes[b"ftyp"][1]
    behind = [(s, n) for s, n, kind in _raw_boxes(file) if kind not in (b"ftyp", b"moov")]
    # What stands between ftyp and moov moves by the records' and moov's length.
    shift = sizes + (length if start > first else 0)
    _shift_offsets(moov, shift, target)
    file.seek(0)
    output.write(file.read(first))
    for kind, data in records:
        output.write((_BOX_BYTES + len(data)).to_bytes(4, "big") + b"uuid" + UUID + kind)
        output.write(data)
    output.write(moov)
    for place, size in behind:
        file.seek(place)
        _copy(file, output, size)


def _shift_offsets(moov: bytearray, shift: int, target: Path) -> None:
    """Add to every chunk offset (stco, co64) of a moov box."""
    for start, _length, kind in _inner(moov, 8, len(moov)):
        if kind not in (b"stco", b"co64"):
            continue
        width = 4 if kind == b"stco" else 8
        count = int.from_bytes(moov[start + 12 : start + 16], "big")
        for at in range(start + 16, start + 16 + count * width, width):
            value = int.from_bytes(moov[at : at + width], "big") + shift
            if value >= 1 << 8 * width:
                raise OutputError(f"{target}: the file would be over 4 GiB. Write .mkv.")
            moov[at : at + width] = value.to_bytes(width, "big")


def _inner(data: bytearray, start: int, end: int) -> Iterator[tuple[int, int, bytes]]:
    """Boxes inside moov, through those that hold the tables of chunk offsets."""
    while start + 8 <= end:
        length, kind = int.from_bytes(data[start : start + 4], "big"), bytes(data[start + 4 :][:4])
        if length < 8:
            return
        yield start, length, kind
        if kind in (b"trak", b"mdia", b"minf", b"stbl"):
            yield from _inner(data, start + 8, min(end, start + length))
        start += length


def _boxes(file: BinaryIO) -> Iterator[tuple[int, int]]:
    for start, length, kind in _raw_boxes(file):
        if kind == b"uuid":
            yield start + 8, length - 8


def _raw_boxes(file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """Start, length and type of each box of a file, up to the first that makes no sense."""
    end = file.seek(0, os.SEEK_END)
    start = 0
    while start + 8 <= end:
        file.seek(start)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        elif length == 0:
            length = end - start
        if length < 8:
            return
        yield start, length, head[4:8]
        start += length


def _ebml(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Place and length of the content of each Void element in front of the Segment."""
    end = file.seek(0, os.SEEK_END)
    start = 0
    while start < end:
        file.seek(start)
        head = file.read(12)
        if head.startswith(_SEGMENT):
            return
        width = 1 if head[:1] == bytes([_VOID]) else 4
        if width == 4 and not head.startswith(_EBML):
            return
        size, used = _vint(head[width:])
        if not used:
            return
        if width == 1:
            yield start + 1 + used, size
        start += width + used + size


def _vint(data: bytes) -> tuple[int, int]:
    """An EBML variable-size integer and its length in bytes; 0, 0 if there is none."""
    if not data or not data[0]:
        return 0, 0
    length = 9 - data[0].bit_length()
    if len(data) < length:
        return 0, 0
    return int.from_bytes(data[:length], "big") & ~(1 << 7 * length), length


def _copy(file: BinaryIO, output: BinaryIO, size: int | None = None) -> None:
    while size is None or size:
        part = file.read(_COPY_BYTES if size is None else min(_COPY_BYTES, size))
        if not part:
            return
        output.write(part)
        size = None if size is None else size - len(part)
