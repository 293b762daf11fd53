"""A JPEG written from its coefficients: the same tables and passes, Huffman tables made to fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from proface.media.jpeg import tokens
from proface.media.jpeg.frame import ZIGZAG, Frame, Scan
from proface.media.jpeg.huffman import AC, RESTART, Packer, Table, Tokens, best_table
from proface.media.jpeg.scans import passes
from proface.media.jpeg.segments import APP0, APP14, DHT, DQT, DRI, SOS, packed

Planes = Sequence[NDArray[np.int16]]
_CHUNK = 1 << 15  # blocks coded at once


def write_jpeg(frame: Frame, planes: Planes, metadata: Sequence[bytes] = ()) -> bytes:
    """The file. metadata: whole segments, which go behind those that say what the planes mean.

    planes: as `read_planes` gives them. Each coefficient, table and sampling factor comes out as
    it went in; so do kind and order of the passes, if each bit of each coefficient has a pass,
    and restart intervals. Raises OutputError for coefficients that a JPEG cannot hold.
    """
    for part, plane in zip(frame.components, planes, strict=True):
        if plane.shape != (part.rows, part.columns, 64):
            raise ValueError(f"a plane of {plane.shape} for {part.rows} x {part.columns} blocks")
    out = [b"\xff\xd8", *_meaning(frame), *metadata, *_tables(frame), _frame_segment(frame)]
    restart = 0
    for scan in passes(frame):
        if scan.restart != restart:
            restart = scan.restart
            out.append(packed(DRI, restart.to_bytes(2, "big")))
        out += _scan(frame, planes, scan)
    out.append(b"\xff\xd9")
    return b"".join(out)


def _meaning(frame: Frame) -> Iterator[bytes]:
    """JFIF without a thumbnail, and Adobe's colour transform."""
    if frame.jfif is not None:
        yield packed(APP0, b"JFIF\x00" + frame.jfif + bytes(2))
    if frame.adobe is not None:
        yield packed(APP14, b"Adobe\x00\x64" + bytes(4) + bytes((frame.adobe,)))


def _tables(frame: Frame) -> Iterator[bytes]:
    for slot, steps in frame.tables.items():
        wide = slot in frame.wide
        values = steps[ZIGZAG].astype(">u2" if wide else "u1")
        yield packed(DQT, bytes((wide << 4 | slot,)) + values.tobytes())


def _frame_segment(frame: Frame) -> bytes:
    body = bytes((8,)) + frame.height.to_bytes(2, "big") + frame.width.to_bytes(2, "big")
    body += bytes((len(frame.components),))
    for part in frame.components:
        body += bytes((part.number, part.h << 4 | part.v, part.table))
    return packed(frame.marker, body)


def _scan(frame: Frame, planes: Planes, scan: Scan) -> list[bytes]:
    """Its Huffman tables, its head and its data."""
    coded = list(_tokens(frame, planes, scan))
    counts = np.zeros(RESTART + 1, np.int64)
    for part in coded:
        counts += np.bincount(part.index, minlength=RESTART + 1)
    tables: dict[int, Table] = {}
    for number in range(8):
        used = counts[256 * number : 256 * number + 256]
        if used.any():
            tables[number] = best_table(used.tolist())
    packer = Packer(tables)
    while coded:
        packer.add(coded.pop(0))
    body = bytes((len(scan.components),))
    for place, at in enumerate(scan.components):
        slots = scan.dc_tables[place] << 4 | scan.ac_tables[place]
        body += bytes((frame.components[at].number, slots))
    body += bytes((scan.first, scan.last, scan.high << 4 | scan.low))
    named = b"".join(
        bytes(((number >= 4) << 4 | number % 4,)) + table.to_bytes()
        for number, table in tables.items()
    )
    return [packed(DHT, named)] * bool(named) + [packed(SOS, body), packer.finish()]


def _tokens(frame: Frame, planes: Planes, scan: Scan) -> Iterator[Tokens]:
    if scan.first == 0:
        yield from _dc_tokens(frame, planes, scan)
        return
    code = tokens.ac_refine if scan.high else tokens.ac_first
    for blocks, restarts in _single(planes[scan.components[0]], scan.restart):
        yield code(blocks, scan.first, scan.last, scan.low, scan.ac_tables[0], restarts)


def _single(
    plane: NDArray[np.int16], restart: int
) -> Iterator[tuple[NDArray[np.int16], NDArray[np.int64]]]:
    flat = plane.reshape(-1, 64)
    for start in range(0, len(flat), _CHUNK):
        blocks = flat[start : start + _CHUNK][:, ZIGZAG]
        yield blocks, _restarts(start, len(blocks), restart)


def _dc_tokens(frame: Frame, planes: Planes, scan: Scan) -> Iterator[Tokens]:
    """A scan with DC in it: MCU by MCU, of one plane or several."""
    parts = [frame.components[at] for at in scan.components]
    units = [(part.v, part.h) if len(parts) > 1 else (1, 1) for part in parts]
    if len(parts) > 1:
        rows = -(-frame.height // (8 * frame.v))
        columns = -(-frame.width // (8 * frame.h))
    else:
        rows, columns = parts[0].rows, parts[0].columns
    each = sum(v * h for v, h in units)  # blocks in an MCU
    tables = [scan.dc_tables[place] for place, (v, h) in enumerate(units) for _ in range(v * h)]
    ac_tables = [scan.ac_tables[place] for place, (v, h) in enumerate(units) for _ in range(v * h)]
    predicted = np.zeros(len(parts), np.int32)
    step = max(1, _CHUNK // (columns * each))
    for top in range(0, rows, step):
        height = min(step, rows - top)
        blocks = np.empty((height, columns, each, 64), np.int16)
        at = 0
        for place, (v, h) in zip(scan.components, units, strict=True):
            blocks[:, :, at : at + v * h] = _units(planes[place], top, height, columns, v, h)
            at += v * h
        flat = blocks.reshape(-1, each, 64)
        starts = _restarts(top * columns, len(flat), scan.restart)
        restarts = np.full((len(flat), each), -1, np.int64)
        restarts[:, 0] = starts
        dc = flat[:, :, 0].astype(np.int32) >> scan.low
        flat[:, :, 0] = 0
        dc_base = np.tile(np.array(tables, np.uint16) * 256, len(flat))
        if scan.high:
            yield tokens.dc_refine((dc.reshape(-1) & 1).astype(np.uint16), restarts.reshape(-1))
            continue
        differences = _differences(dc, units, predicted, starts)
        if frame.is_progressive:
            yield tokens.dc_first(differences, dc_base, restarts.reshape(-1))
            continue
        ac_base = np.tile(np.array(ac_tables, np.uint16) * 256 + AC, len(flat)).astype(np.uint16)
        yield tokens.sequential(
            flat.reshape(-1, 64), differences, dc_base, ac_base, restarts.reshape(-1)
        )


def _units(
    plane: NDArray[np.int16], top: int, height: int, columns: int, v: int, h: int
) -> NDArray[np.int16]:
    """Blocks of one plane by MCU, in zigzag order: height x columns x (v h) x 64.

    Blocks beyond the plane repeat the DC of the nearest, which costs least, and show nowhere.
    """
    band = plane[top * v : (top + height) * v]
    missing = height * v - band.shape[0], columns * h - band.shape[1]
    if any(missing):
        rows, across = band.shape[:2]
        band = np.pad(band, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")
        band[rows:, :, 1:] = 0
        band[:, across:, 1:] = 0
    ordered = band.reshape(height, v, columns, h, 64).transpose(0, 2, 1, 3, 4)
    return ordered.reshape(height, columns, v * h, 64)[..., ZIGZAG]


def _differences(
    dc: NDArray[np.int32],
    units: Sequence[tuple[int, int]],
    predicted: NDArray[np.int32],
    starts: NDArray[np.int64],
) -> NDArray[np.int32]:
    """DC less that of the block before of the same plane; `predicted` goes on to what follows."""
    out = np.empty_like(dc)
    at = 0
    for place, (v, h) in enumerate(units):
        own = dc[:, at : at + v * h]
        line = own.reshape(-1)
        before = np.concatenate([predicted[place : place + 1], line[:-1]]).reshape(own.shape)
        before[starts >= 0, 0] = 0
        out[:, at : at + v * h] = own - before
        predicted[place] = line[-1]
        at += v * h
    return out.reshape(-1)


def _restarts(first: int, count: int, interval: int) -> NDArray[np.int64]:
    """For each MCU from `first` on, the number of the marker before it, or -1."""
    if not interval:
        return np.full(count, -1, np.int64)
    number = np.arange(first, first + count)
    return np.where((number % interval == 0) & (number > 0), number // interval - 1 & 7, -1)
