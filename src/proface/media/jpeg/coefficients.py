"""`Coefficients`: a JPEG as its quantised DCT coefficients, to be changed in rectangles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm

import numpy as np
from numpy.typing import NDArray

from proface.media.jpeg import dct
from proface.media.jpeg.decode import read_planes
from proface.media.jpeg.encode import write_jpeg
from proface.media.jpeg.frame import Frame
from proface.media.jpeg.parse import read_frame
from proface.types import Box

Blocks = list[NDArray[np.int16]]


@dataclass
class Coefficients:
    """One JPEG.

    frame: size, components, quantisation tables, passes. planes: for each component, rows x
    columns x 64, each block in the order of rows; int16. Boxes are in stored pixels: an
    orientation tag turns nothing here.
    """

    frame: Frame
    planes: list[NDArray[np.int16]]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as stored."""
        return self.frame.width, self.frame.height

    def aligned(self, box: Box, grid: int = 1) -> Box:
        """The least box around `box` that is whole MCUs, and whole squares of `grid` pixels.

        It ends at the picture's edge where the next line of the grid would lie beyond it.
        """
        across, down = (lcm(side, grid) for side in self.frame.mcu)
        left, top = box.x // across * across, box.y // down * down
        right = min(-(-(box.x + box.w) // across) * across, self.frame.width)
        bottom = min(-(-(box.y + box.h) // down) * down, self.frame.height)
        return Box(left, top, right - left, bottom - top)

    def blocks(self, box: Box) -> Blocks:
        """The coefficients under an aligned box, a copy for each plane."""
        return [
            plane[part].copy() for plane, part in zip(self.planes, self.places(box), strict=True)
        ]

    def replace(self, box: Box, blocks: Sequence[NDArray[np.int16]]) -> None:
        """Put coefficients under an aligned box: what `blocks` gave, or of the same shapes."""
        places = self.places(box)
        for plane, place, new in zip(self.planes, places, blocks, strict=True):
            if plane[place].shape != new.shape:
                raise ValueError(f"coefficients of {new.shape} for {plane[place].shape}")
        for plane, place, new in zip(self.planes, places, blocks, strict=True):
            plane[place] = new

    def paste(self, pixels: NDArray[np.generic], box: Box) -> None:
        """Put pixels under an aligned box, as near as the file's quantisation allows.

        pixels: height x width x 3, RGB, uint8 or floats of 0 to 255. In a grey picture their luma
        counts. Colours are converted and shrunk as floats, and rounded once, to whole steps.
        """
        self.paste_planes(self.split(pixels, box), box)

    def split(self, pixels: NDArray[np.generic], box: Box) -> list[dct.Floats]:
        """The samples of each plane that pixels under an aligned box come to, not quantised."""
        if pixels.shape != (box.h, box.w, 3):
            raise ValueError(f"pixels of {pixels.shape} for a box of {box.w} x {box.h}")
        across, down = self.frame.mcu
        full = dct.filled(pixels, -(-box.h // down) * down, -(-box.w // across) * across)
        colours = full.astype(np.float32) if self.frame.colour == "rgb" else dct.to_ycbcr(full)
        out = []
        for place, (h, v) in enumerate(self._ratios()):
            down, across = (8 * (side.stop - side.start) for side in self._area(box, place))
            plane = dct.shrunk(colours[..., place], h, v)
            out.append(np.ascontiguousarray(plane[:down, :across]))
        return out

    def paste_planes(self, planes: Sequence[dct.Floats], box: Box) -> None:
        """Put samples under an aligned box: for each plane at its own size, 0 to 255, floats."""
        new = [
            dct.quantised(dct.transformed(plane), self.steps(place))
            for place, plane in enumerate(planes)
        ]
        self.replace(box, new)

    def samples(self, box: Box) -> list[dct.Floats]:
        """The samples of each plane under an aligned box, at its own size, not rounded."""
        return [
            dct.restored(dct.values(blocks, self.steps(place)))
            for place, blocks in enumerate(self.blocks(box))
        ]

    def pixels(self, box: Box) -> NDArray[np.uint8]:
        """The pixels under an aligned box, height x width x 3, RGB; chroma repeated, not smoothed.

        Decoders that smooth chroma (most) show other values by some levels.
        """
        planes = [
            np.repeat(np.repeat(plane, v, axis=0), h, axis=1)[: box.h, : box.w]
            for plane, (h, v) in zip(self.samples(box), self._ratios(), strict=True)
        ]
        stacked = np.stack(planes * (3 if len(planes) == 1 else 1), axis=-1)
        rgb = dct.to_rgb(stacked) if self.frame.colour == "ycbcr" else stacked
        return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)

    def steps(self, place: int) -> NDArray[np.uint16]:
        """The quantisation steps of a plane, 64 in the order of rows."""
        return self.frame.tables[self.frame.components[place].table]

    def copy(self) -> Coefficients:
        """The same picture, to be changed."""
        return Coefficients(self.frame, [plane.copy() for plane in self.planes])

    def to_bytes(self, metadata: Sequence[bytes] = ()) -> bytes:
        """The file; metadata: whole segments."""
        return write_jpeg(self.frame, self.planes, metadata)

    def _ratios(self) -> list[tuple[int, int]]:
        """How many pixels a sample of each plane spans, across and down."""
        frame = self.frame
        return [(frame.h // part.h, frame.v // part.v) for part in frame.components]

    def places(self, box: Box) -> list[tuple[slice, slice]]:
        """The rows and columns of blocks of each plane under an aligned box."""
        return [self._area(box, place) for place in range(len(self.planes))]

    def _area(self, box: Box, place: int) -> tuple[slice, slice]:
        """The rows and columns of blocks of one plane under a box."""
        if (
            self.aligned(box) != box
            or min(box.x, box.y) < 0
            or min(box.w, box.h) <= 0
            or box.x + box.w > self.frame.width
            or box.y + box.h > self.frame.height
        ):
            raise ValueError(f"{box} does not lie on the grid of {self.frame.mcu}")
        part = self.frame.components[place]
        across, down = self.frame.mcu
        return (
            slice(box.y // down * part.v, min(-(-(box.y + box.h) // down) * part.v, part.rows)),
            slice(
                box.x // across * part.h, min(-(-(box.x + box.w) // across) * part.h, part.columns)
            ),
        )


def read_coefficients(data: bytes, source: str = "image") -> Coefficients:
    """Read a JPEG's coefficients: baseline, extended or progressive Huffman, grey or three planes.

    Raises UnsupportedImageError for CMYK and YCCK, arithmetic, lossless and hierarchical coding,
    and other than 8 bits; ImageError for what is no JPEG, cut off, damaged, or too large.
    """
    frame, clean = read_frame(data, source)
    return Coefficients(frame, read_planes(clean, frame, source))
