"""Walk a PNG's chunks without decoding them.

Bounds an untrusted file before Pillow reads its chunks whole, and finds the header wherever an
optimiser has moved it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from proface.media.tiff_limits import oversized

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MAX_CHUNKS = 500_000  # 600 MB of pixels in the usual 8 KiB chunks are 75,000
_MAX_OTHER_BYTES = 128 << 20  # of all chunks except the pixels


def chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Yield (type, data length, data offset) of each chunk, up to the end or an error."""
    file.seek(len(SIGNATURE))
    for _ in range(_MAX_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            return
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        offset = file.tell()
        yield kind, length, offset
        if kind == b"IEND":
            return
        file.seek(offset + length + 4)


def check(file: BinaryIO, source: str) -> None:
    """Raise ImageError if the chunks besides the pixels are larger than any photo needs."""
    size = file.seek(0, 2)
    count = others = 0
    for kind, length, offset in chunks(file):
        count += 1
        if kind not in (b"IDAT", b"fdAT"):
            others += min(length, size - offset)
    if count >= _MAX_CHUNKS or others > _MAX_OTHER_BYTES:
        raise oversized(source, "PNG")
