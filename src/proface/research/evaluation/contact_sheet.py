"""Contact sheets: images in rows and columns, with captions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from proface.types import Box, Pixels

CELL = 240  # side of an image on the sheet, pixels
GAP = 14
HEADING, CAPTION = 19, 16  # text sizes
PAPER, INK, SOFT = (255, 255, 255), (28, 30, 34), (104, 110, 120)
AROUND = 0.12  # margin around the faces' regions, relative to their extent


@dataclass(frozen=True)
class Cell:
    """An image, uint8 H x W x 3 RGB, and its caption: a figure, and what it compares."""

    pixels: Pixels
    figure: str = ""
    remark: str = ""


def crop_around(boxes: Sequence[Box], size: tuple[int, int]) -> Box:
    """A square around all boxes with a margin, clipped to the photo.

    Args:
        boxes: at least one.
        size: width and height of the photo.
    """
    extent = boxes[0]
    for box in boxes[1:]:
        extent = extent.union(box)
    side = round(max(extent.w, extent.h) * (1 + 2 * AROUND))
    x, w = _span(extent.x, extent.w, side, size[0])
    y, h = _span(extent.y, extent.h, side, size[1])
    return Box(x, y, w, h)


def contact_sheet(headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Image.Image:
    """Draw the sheet, RGB.

    Args:
        headings: one for each column.
        rows: cells, as many in each row as there are headings; images are scaled to fit.
    """
    top = GAP + HEADING + GAP
    row_height = CELL + 2 * CAPTION + GAP + 8
    width = GAP + len(headings) * (CELL + GAP)
    sheet = Image.new("RGB", (width, top + len(rows) * row_height), PAPER)
    draw = ImageDraw.Draw(sheet)
    for column, heading in enumerate(headings):
        _text(draw, GAP + column * (CELL + GAP), GAP, heading, HEADING, INK)
    for number, row in enumerate(rows):
        y = top + number * row_height
        for column, cell in enumerate(row):
            x = GAP + column * (CELL + GAP)
            picture = _fitted(cell.pixels)
            sheet.paste(picture, (x + (CELL - picture.width) // 2, y + CELL - picture.height))
            _text(draw, x, y + CELL + 5, cell.figure, CAPTION, INK)
            _text(draw, x, y + CELL + 5 + CAPTION + 2, cell.remark, CAPTION - 2, SOFT)
    return sheet


def _text(
    draw: ImageDraw.ImageDraw, x: int, y: int, text: str, size: int, colour: tuple[int, int, int]
) -> None:
    """Draw text centred over the width of a cell, shrunk to fit."""
    font = ImageFont.load_default(size)
    while size > 8 and font.getlength(text) > CELL:
        size -= 1
        font = ImageFont.load_default(size)
    draw.text((x + CELL / 2, y), text, fill=colour, font=font, anchor="ma")


def _fitted(pixels: Pixels) -> Image.Image:
    """The image scaled to fit a cell."""
    height, width = pixels.shape[:2]
    scale = CELL / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return image.resize(size, Image.Resampling.LANCZOS)


def _span(start: int, length: int, wanted: int, limit: int) -> tuple[int, int]:
    """`length` widened to `wanted` on both sides, within 0..limit."""
    wanted = min(wanted, limit)
    return min(max(0, start - (wanted - length) // 2), limit - wanted), wanted
