"""Which passes a JPEG is written in: its own, where they give each bit of each coefficient once."""

from __future__ import annotations

from collections.abc import Sequence

from proface.media.jpeg.frame import Frame, Scan


def passes(frame: Frame) -> Sequence[Scan]:
    """The file's own passes, or libjpeg's where a pass is missing or comes twice.

    Some passes may be left out in a file that was made to load fast: coefficients read from it
    are whole again, and changed ones need all their bits.
    """
    if frame.is_progressive:
        return frame.scans if _refines_all(frame) else _progressive(frame)
    given = [at for scan in frame.scans for at in scan.components]
    if sorted(given) == list(range(len(frame.components))):
        return frame.scans
    return _sequential(frame)


def _refines_all(frame: Frame) -> bool:
    """Whether every coefficient has a first pass, and then each bit in turn (T.81, G.1.1.1.1)."""
    known = [[-1] * 64 for _ in frame.components]  # the lowest bit so far
    for scan in frame.scans:
        if (scan.first == 0) != (scan.last == 0):
            return False
        for at in scan.components:
            if scan.first and known[at][0] < 0:
                return False
            for k in range(scan.first, scan.last + 1):
                if known[at][k] != (scan.high if scan.high else -1):
                    return False
                if scan.high and scan.low != scan.high - 1:
                    return False
                known[at][k] = scan.low
    return all(low == 0 for plane in known for low in plane)


def _sequential(frame: Frame) -> list[Scan]:
    everything = tuple(range(len(frame.components)))
    if sum(part.h * part.v for part in frame.components) <= 10:
        return [Scan(everything)]
    return [Scan((at,), dc_tables=(min(at, 1),), ac_tables=(min(at, 1),)) for at in everything]


def _progressive(frame: Frame) -> list[Scan]:
    everything = tuple(range(len(frame.components)))
    colour = everything[1:]
    together = sum(part.h * part.v for part in frame.components) <= 10
    groups = [everything] if together else [(at,) for at in everything]

    def dc(high: int, low: int) -> list[Scan]:
        return [
            Scan(group, 0, 0, high, low, tuple(min(at, 1) for at in group), (0,) * len(group))
            for group in groups
        ]

    def ac(at: int, first: int, last: int, high: int, low: int) -> Scan:
        table = min(at, 1)
        return Scan((at,), first, last, high, low, (0,), (table,))

    return [
        *dc(0, 1),
        ac(0, 1, 5, 0, 2),
        *(ac(at, 1, 63, 0, 1) for at in reversed(colour)),
        ac(0, 6, 63, 0, 2),
        ac(0, 1, 63, 2, 1),
        *dc(1, 0),
        *(ac(at, 1, 63, 1, 0) for at in reversed(colour)),
        ac(0, 1, 63, 1, 0),
    ]
