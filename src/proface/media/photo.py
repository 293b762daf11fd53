"""`Photo`: the upright pixels of a picture with its alpha, profile and metadata."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from proface.media.ancillary.parts import Ancillary
from proface.media.colour.meaning import CodePoints, profile_of
from proface.media.colour.profiles import fitting
from proface.media.colour.stated import stated_code_points
from proface.media.convert import CMYK, DEEP, in_8_bit_rgb
from proface.media.decode import loaded, open_image
from proface.media.exif import orientation_of
from proface.media.jpeg.jpeg import Jpeg, read_jpeg
from proface.media.kinds import is_deep
from proface.media.metadata import Metadata, collect
from proface.media.orientation import upright


@dataclass
class Photo:
    """One picture.

    pixels: uint8, H x W x 3, RGB; greyscale photos have three equal channels. Upright, or with
        `jpeg` as that stores them.
    alpha: uint8, H x W, 0 transparent to 255 opaque; None without transparency.
    mode: "L" for a greyscale photo (1 or 8 bits), which is written as such again; otherwise "RGB".
    icc: the ICC colour profile, or None for sRGB; made from what else the file states of colour.
    metadata: EXIF, XMP and resolution; all of it is written.
    source: the file's name for messages.
    ancillary: what else is in the file (`ancillary.read`); never written without being asked.
    converted: what was changed on reading: "CMYK to RGB".
    jpeg: its coefficients in stored orientation; what a JPEG is written from, without the rest.
    """

    pixels: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None = None
    mode: Literal["RGB", "L"] = "RGB"
    icc: bytes | None = None
    metadata: Metadata = field(default_factory=Metadata)
    source: str = "image"
    ancillary: Ancillary = field(default_factory=Ancillary)
    converted: tuple[str, ...] = ()
    jpeg: Jpeg | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @property
    def orientation(self) -> int:
        """How to turn the pixels upright, as in EXIF: 1 to 8."""
        return 1 if self.jpeg is None else self.jpeg.orientation

    def as_pixels(self) -> Photo:
        """The same picture upright and without coefficients, for lossless formats."""
        return self.turned(self.orientation)

    def turned(self, orientation: int) -> Photo:
        """The stored pixels turned as EXIF's `orientation` says, without coefficients."""
        alpha = None if self.alpha is None else upright(self.alpha, orientation)
        return replace(
            self,
            pixels=np.ascontiguousarray(upright(self.pixels, orientation)),
            alpha=None if alpha is None else np.ascontiguousarray(alpha),
            jpeg=None,
        )

    def fitted(self, side: int) -> Photo:
        """The same picture upright, scaled down if its longer side is over `side` pixels."""
        if max(self.size) <= side:
            return self
        photo = self.as_pixels()
        alpha = photo.alpha
        return replace(
            photo,
            pixels=fitted(photo.pixels, side),
            alpha=None if alpha is None else fitted(alpha, side),
        )

    def to_image(self, *, colour: bool = False) -> Image.Image:
        """Make a PIL image: RGB or RGBA, or L or LA for a greyscale photo unless `colour`.

        Profile and resolution are in `info`, as for an opened file.
        """
        image = Image.fromarray(np.ascontiguousarray(self.pixels))
        if self.mode == "L" and not colour:
            image = image.convert("L")
        if self.alpha is not None:
            image.putalpha(Image.fromarray(np.ascontiguousarray(self.alpha)))
        if self.icc:
            image.info["icc_profile"] = self.icc
        if self.metadata.dpi:
            image.info["dpi"] = self.metadata.dpi
        return image


def fitted(plane: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A picture, H x W (x 3), scaled down if its longer side is over `side` pixels."""
    height, width = plane.shape[:2]
    if max(height, width) <= side:
        return plane
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    image = Image.fromarray(np.ascontiguousarray(plane))
    return np.array(image.resize(size, Image.Resampling.LANCZOS))


def save_image(photo: Photo, path: Path, format: str, *, colour: bool, **options: Any) -> None:
    """Write pixels, alpha, profile, resolution and the options with Pillow, and nothing else.

    Args:
        colour: write a greyscale photo in colour, as protected faces hold coloured noise.
        options: for Pillow's writer; None omits an option.
    """
    image: Image.Image = photo.to_image(colour=colour)
    image.info.clear()
    # A WebP has no grey pixels, whatever mode it is written from.
    profile = fitting(photo.icc, grey=photo.mode == "L" and not colour and format != "WEBP")
    given = {"icc_profile": profile, "dpi": photo.metadata.dpi, **options}
    image.save(path, format, **{name: value for name, value in given.items() if value is not None})


def read_photo(source: str | os.PathLike[str] | Image.Image) -> Photo:
    """Read a photo from a file (recognised by content, not suffix) or from a PIL image.

    JPEG, PNG, WebP, TIFF, AVIF, HEIC, GIF and BMP with at most 200 megapixels. The orientation is
    applied; a palette becomes RGB with its transparency, CMYK becomes RGB, 16 bits a channel become
    8; of a JPEG or HEIC with several pictures the main one is read.

    Raises UnsupportedImageError for an unsupported kind (animated, several pages, floating-point
    numbers, HDR, raw camera files, not an image) and ImageError for a file that is missing, empty,
    truncated, damaged or too large; both name the file and the remedy.
    """
    if isinstance(source, Image.Image):
        name = str(getattr(source, "filename", "") or "image")
        with loaded(source, name) as image:
            return _photo(image, name, turn=True)
    return _read(Path(source), turn=True)


def read_stored(path: Path) -> Photo:
    """Read a photo without applying the EXIF orientation.

    For a protected file: its digests cover the stored pixels, and a viewer may have added a tag.
    """
    return _read(path, turn=False)


def read_jpeg_photo(path: Path) -> Photo:
    """Read a JPEG with its coefficients, in stored orientation; raises as `read_photo`."""
    photo, jpeg = read_stored(path), read_jpeg(path)
    return replace(photo, jpeg=replace(jpeg, icc=photo.icc), metadata=jpeg.metadata)


def _read(path: Path, *, turn: bool) -> Photo:
    with open_image(path) as image:
        return _photo(image, os.fspath(path), turn=turn, codes=stated_code_points(path))


def _photo(
    image: Image.Image, source: str, *, turn: bool, codes: CodePoints | None = None
) -> Photo:
    orientation = orientation_of(image) if turn else 1
    grey = image.mode in {"1", "L", "LA", "La"} or image.mode.startswith("I;16")
    converted = tuple(
        what for what, holds in ((CMYK, image.mode == "CMYK"), (DEEP, is_deep(image))) if holds
    )
    plain, profile_used = in_8_bit_rgb(image)
    pixels, alpha = _planes(plain, grey=grey)
    pixels = np.ascontiguousarray(upright(pixels, orientation))
    if alpha is not None:
        alpha = np.ascontiguousarray(upright(alpha, orientation))
    return Photo(
        pixels=pixels,
        alpha=alpha,
        mode="L" if grey else "RGB",
        icc=None if profile_used else profile_of(image, codes, source),
        metadata=collect(image, turned=orientation >= 5, size=pixels.shape[1::-1]),
        source=source,
        converted=converted,
    )


def _planes(
    image: Image.Image, *, grey: bool
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Pixels H x W x 3, and alpha H x W or None, as new arrays."""
    if image.has_transparency_data:
        rgba = np.asarray(image if image.mode == "RGBA" else image.convert("RGBA"))
        return np.ascontiguousarray(rgba[..., :3]), np.ascontiguousarray(rgba[..., 3])
    if grey:
        values = np.asarray(image if image.mode == "L" else image.convert("L"))
        return np.repeat(values[..., None], 3, axis=2), None
    return np.array(image if image.mode == "RGB" else image.convert("RGB")), None
