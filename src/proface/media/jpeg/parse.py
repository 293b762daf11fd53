"""A JPEG's frame, tables and passes read and checked, before any decoding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from proface.errors import ImageError, UnsupportedImageError
from proface.media.decode import MAX_PIXELS
from proface.media.jpeg.frame import ZIGZAG, Component, Frame, Scan
from proface.media.jpeg.segments import (
    APP0,
    APP14,
    DAC,
    DHT,
    DNL,
    DQT,
    DRI,
    EOI,
    FRAMES,
    REMEDY,
    SOS,
    packed,
    refuse_frame,
    segments,
)

MAX_SIDE = 65_500  # libjpeg's
MAX_SCANS = 64  # cameras write 1 to 14; each costs a pass over all coefficients


def read_frame(data: bytes, source: str = "image") -> tuple[Frame, bytes]:
    """What the file says, and the file with nothing in it but what a decoder needs.

    The second is what a decoder gets: parsed here alone, so that none can read it differently.
    Raises UnsupportedImageError for CMYK, arithmetic, lossless and hierarchical coding and 12
    bits, and ImageError for what is damaged, contradicts itself, or says far more pixels than it
    has data for.
    """
    header: tuple[int, bytes] | None = None
    tables: dict[int, tuple[NDArray[np.uint16], bool]] = {}
    scans: list[Scan] = []
    adobe: int | None = None
    restart = coded = 0
    clean = [b"\xff\xd8"]
    jfif: bytes | None = None
    for segment in segments(data, source):
        body = data[segment.data : segment.end]
        if segment.marker in FRAMES:
            refuse_frame(segment.marker, source)
            if header is not None:
                raise _damaged(source, "it changes its size on the way")
            header = (segment.marker, body)
            _check_size(body, source)
        elif segment.marker == DAC:
            refuse_frame(0xC9, source)
        elif segment.marker == DNL:
            raise UnsupportedImageError(
                f"{source}: this JPEG says its height behind the pixels (DNL), which is not "
                f"supported. {REMEDY}"
            )
        elif segment.marker == DQT:
            for slot, steps, wide in _quantisation(body, source):
                if scans and slot in tables and not np.array_equal(tables[slot][0], steps):
                    raise _damaged(source, "its quantisation changes on the way")
                tables[slot] = (steps, wide)
        elif segment.marker == DRI:
            if len(body) != 2:
                raise _damaged(source, "a restart interval of a wrong length")
            restart = int.from_bytes(body, "big")
        elif segment.marker == APP14 and body[:5] == b"Adobe" and len(body) >= 12:
            adobe = body[11]
        elif segment.marker == APP0 and body[:5] == b"JFIF\x00" and len(body) >= 14:
            jfif = jfif or body[5:12]
        if segment.marker == SOS:
            if header is None:
                raise _damaged(source, "pixels before their size")
            scans.append(_scan(body, header, restart, source))
            if len(scans) > MAX_SCANS:
                raise ImageError(
                    f"{source}: this JPEG has more than {MAX_SCANS} passes, which no camera "
                    f"writes. {REMEDY}"
                )
            coded += segment.coded_end - segment.end
            head = bytearray(body)
            if header[0] != 0xC2:
                head[-3:] = b"\x00\x3f\x00"  # some write other numbers, which mean nothing here
            clean += [packed(SOS, bytes(head)), data[segment.end : segment.coded_end]]
        elif segment.marker in (DQT, DHT, DRI) or segment.marker in FRAMES:
            clean.append(packed(segment.marker, body))
    if header is None or not scans:
        raise _damaged(source, "no picture in it")
    frame = _frame(header, tables, scans, jfif, adobe, source)
    blocks = sum(part.rows * part.columns for part in frame.components)
    if coded * 8 < blocks:  # at the least a bit for each block
        raise ImageError(f"{source}: the JPEG is cut off. {REMEDY}")
    clean.append(bytes((0xFF, EOI)))
    return frame, b"".join(clean)


def _check_size(body: bytes, source: str) -> None:
    if len(body) < 6 or len(body) != 6 + 3 * body[5]:
        raise _damaged(source, "a frame of a wrong length")
    precision, height, width, count = (
        body[0],
        int.from_bytes(body[1:3], "big"),
        int.from_bytes(body[3:5], "big"),
        body[5],
    )
    if precision != 8:
        raise UnsupportedImageError(
            f"{source}: this is a JPEG of {precision} bits, which is not supported. "
            "Save it with 8 bits with another program."
        )
    if not width or not height:
        raise _damaged(source, f"a size of {width} x {height}")
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise ImageError(
            f"{source}: {width} x {height} pixels are too many; the limit is "
            f"{MAX_PIXELS // 1_000_000} megapixels. Scale the photo down."
        )
    if count == 4:
        raise UnsupportedImageError(
            f"{source}: this is a CMYK (or YCCK) JPEG, which is not supported. Convert it to RGB "
            "with another program."
        )
    if count not in (1, 3):
        raise UnsupportedImageError(
            f"{source}: a JPEG of {count} planes is not supported. Convert it to RGB with another "
            "program."
        )


def _frame(
    header: tuple[int, bytes],
    tables: dict[int, tuple[NDArray[np.uint16], bool]],
    scans: Sequence[Scan],
    jfif: bytes | None,
    adobe: int | None,
    source: str,
) -> Frame:
    marker, body = header
    height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    parts = [body[at : at + 3] for at in range(6, len(body), 3)]
    if len({part[0] for part in parts}) != len(parts):
        raise _damaged(source, "two planes of one number")
    if any(not (1 <= part[1] >> 4 <= 4 and 1 <= part[1] & 15 <= 4) for part in parts):
        raise _damaged(source, "a sampling factor out of range")
    if any(part[2] not in tables for part in parts):
        raise _damaged(source, "a quantisation table is missing")
    most = max(part[1] >> 4 for part in parts), max(part[1] & 15 for part in parts)
    if any(most[0] % (part[1] >> 4) or most[1] % (part[1] & 15) for part in parts):
        raise UnsupportedImageError(
            f"{source}: a JPEG whose planes differ in size by other than whole numbers is not "
            f"supported. {REMEDY}"
        )
    components = tuple(
        Component(
            number=part[0],
            h=part[1] >> 4,
            v=part[1] & 15,
            table=part[2],
            rows=-(-height * (part[1] & 15) // (8 * most[1])),
            columns=-(-width * (part[1] >> 4) // (8 * most[0])),
        )
        for part in parts
    )
    for scan in scans:
        if len(scan.components) > 1 and (
            sum(components[i].h * components[i].v for i in scan.components) > 10
        ):
            raise _damaged(source, "more blocks in a unit than a JPEG may have")
    if {i for scan in scans for i in scan.components if not scan.first} != set(range(len(parts))):
        raise _damaged(source, "a plane without data")
    used = {part.table for part in components}
    return Frame(
        marker=marker,
        width=width,
        height=height,
        components=components,
        tables={slot: steps for slot, (steps, _) in sorted(tables.items()) if slot in used},
        wide=frozenset(slot for slot, (_, wide) in tables.items() if wide and slot in used),
        scans=tuple(scans),
        jfif=jfif,
        adobe=adobe,
    )


def _quantisation(body: bytes, source: str) -> Iterator[tuple[int, NDArray[np.uint16], bool]]:
    at = 0
    while at < len(body):
        wide, slot = body[at] >> 4, body[at] & 15
        length = 128 if wide else 64
        if wide > 1 or slot > 3 or at + 1 + length > len(body):
            raise _damaged(source, "a quantisation table of a wrong kind")
        steps = np.frombuffer(body, ">u2" if wide else "u1", 64, at + 1).astype(np.uint16)
        if not steps.all():
            raise _damaged(source, "a quantisation step of 0")
        rows = np.empty(64, np.uint16)
        rows[ZIGZAG] = steps
        yield slot, rows, bool(wide)
        at += 1 + length


def _scan(body: bytes, header: tuple[int, bytes], restart: int, source: str) -> Scan:
    if not body or not 1 <= body[0] <= 4 or len(body) != 4 + 2 * body[0]:
        raise _damaged(source, "a scan of a wrong length")
    count = body[0]
    numbers = [header[1][at] for at in range(6, len(header[1]), 3)]
    picks = [body[at] for at in range(1, 1 + 2 * count, 2)]
    slots = [body[at] for at in range(2, 2 + 2 * count, 2)]
    if len(set(picks)) != count or not set(picks) <= set(numbers):
        raise _damaged(source, "a scan of a plane that is not there")
    if any(slot >> 4 > 3 or slot & 15 > 3 for slot in slots):
        raise _damaged(source, "a Huffman table out of range")
    first, last, high, low = body[-3], body[-2], body[-1] >> 4, body[-1] & 15
    if header[0] != 0xC2:
        first, last, high, low = 0, 63, 0, 0
    elif (
        not 0 <= first <= last <= 63
        or (first == 0) != (last == 0)
        or (first and count > 1)
        or low > 13
        or (high and high != low + 1)
    ):
        raise _damaged(source, "a pass that no progressive JPEG has")
    return Scan(
        components=tuple(numbers.index(pick) for pick in picks),
        first=first,
        last=last,
        high=high,
        low=low,
        dc_tables=tuple(slot >> 4 for slot in slots),
        ac_tables=tuple(slot & 15 for slot in slots),
        restart=restart,
    )


def _damaged(source: str, what: str) -> ImageError:
    return ImageError(f"{source}: the JPEG is damaged ({what}). {REMEDY}")
