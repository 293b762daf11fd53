"""What a JPEG is but for its coefficients: size, components, tables, passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Colour = Literal["grey", "ycbcr", "rgb"]
ZIGZAG = np.array(
    sorted(range(64), key=lambda i: (i // 8 + i % 8, i // 8 if (i // 8 + i % 8) % 2 else i % 8))
)


@dataclass(frozen=True)
class Component:
    """A plane: its number in the file, sampling factors, table, and size in blocks of 8 x 8."""

    number: int
    h: int
    v: int
    table: int
    rows: int
    columns: int


@dataclass(frozen=True)
class Scan:
    """One pass: planes by their index, band, bit planes, Huffman tables, MCUs between restarts."""

    components: tuple[int, ...]
    first: int = 0
    last: int = 63
    high: int = 0
    low: int = 0
    dc_tables: tuple[int, ...] = (0, 1, 1)
    ac_tables: tuple[int, ...] = (0, 1, 1)
    restart: int = 0


@dataclass(frozen=True)
class Frame:
    """Everything but the coefficients.

    marker: of the SOF, C0 baseline, C1 extended, C2 progressive. tables: by slot, quantisation
    steps in the order of rows (not zigzag); wide: the slots that were written with 16 bits.
    jfif: version, unit and density of the JFIF segment, 7 bytes, or None. adobe: the transform
    flag of the Adobe segment, or None. Both say what the planes mean.
    """

    marker: int
    width: int
    height: int
    components: tuple[Component, ...]
    tables: dict[int, NDArray[np.uint16]]
    wide: frozenset[int]
    scans: tuple[Scan, ...]
    jfif: bytes | None = b"\x01\x01\x00\x00\x01\x00\x01"
    adobe: int | None = None

    @property
    def is_progressive(self) -> bool:
        """Whether the picture comes in passes from coarse to fine."""
        return self.marker == 0xC2

    @property
    def h(self) -> int:
        """The largest horizontal sampling factor."""
        return max(part.h for part in self.components)

    @property
    def v(self) -> int:
        """The largest vertical sampling factor."""
        return max(part.v for part in self.components)

    @property
    def mcu(self) -> tuple[int, int]:
        """Width and height in pixels of the least rectangle that is whole blocks in each plane."""
        return 8 * self.h, 8 * self.v

    @property
    def colour(self) -> Colour:
        """What the planes mean, by libjpeg's rules."""
        if len(self.components) == 1:
            return "grey"
        numbers = bytes(part.number for part in self.components)
        if self.jfif is not None:
            return "ycbcr"
        if self.adobe is not None:
            return "rgb" if self.adobe == 0 else "ycbcr"
        return "rgb" if numbers == b"RGB" else "ycbcr"
