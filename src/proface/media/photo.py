"""`Photo`: the pixels of one picture, upright, with what must come out again beside them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from proface.media.metadata import Metadata, collect
from proface.media.opening import loaded, open_image

_ORIENTATION = ExifTags.Base.Orientation.value
_Turn = Image.Transpose
# EXIF 2.32, tag 0x0112: what brings each stored orientation upright. 5 to 8 swap width and height.
_UPRIGHT = {
    2: _Turn.FLIP_LEFT_RIGHT,
    3: _Turn.ROTATE_180,
    4: _Turn.FLIP_TOP_BOTTOM,
    5: _Turn.TRANSPOSE,
    6: _Turn.ROTATE_270,
    7: _Turn.TRANSVERSE,
    8: _Turn.ROTATE_90,
}


@dataclass
class Photo:
    """One picture.

    pixels: uint8, H x W x 3, RGB, upright; grey photos have three equal channels.
    alpha: uint8, H x W, 0 transparent to 255 opaque; None for a picture without.
    mode: "L" for a photo that was grey (1 or 8 bits), which is what it is written as again;
        "RGB" for all others.
    icc: the ICC colour profile, or None.
    metadata: EXIF and XMP (written only while they are here) and the resolution.
    source: the file's name for messages.
    """

    pixels: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None = None
    mode: Literal["RGB", "L"] = "RGB"
    icc: bytes | None = None
    metadata: Metadata = field(default_factory=Metadata)
    source: str = "image"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    def to_image(self, *, colour: bool = False) -> Image.Image:
        """A PIL image: RGB or RGBA, or L or LA for a grey photo unless `colour`.

        It carries profile and resolution in `info`, as Pillow's own files do.
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


def read_photo(source: str | os.PathLike[str] | Image.Image) -> Photo:
    """Read a photo from a file (by its content, whatever its suffix) or from a PIL image.

    JPEG, PNG, WebP, TIFF, AVIF, GIF and BMP with 8 bits a channel or fewer, of at most 200
    megapixels. The EXIF orientation is applied, once; a palette becomes RGB with its transparency;
    a thumbnail, and any picture inside the metadata, is dropped; of a JPEG with several pictures
    the first is taken.

    Raises UnsupportedImageError for what is refused by name (HEIC, CMYK, 16-bit, animated, several
    pages, raw camera files, no image) and ImageError for a file that is missing, empty, cut off,
    damaged or too large; both name the file and the remedy.
    """
    if isinstance(source, Image.Image):
        name = str(getattr(source, "filename", "") or "image")
        with loaded(source, name) as image:
            return _photo(image, name, upright=True)
    with open_image(Path(source)) as image:
        return _photo(image, os.fspath(source), upright=True)


def read_stored(path: Path) -> Photo:
    """The photo as its pixels are stored, whatever an orientation tag says.

    For a protected file: its digests are of the stored pixels, and a viewer may have added a tag.
    """
    with open_image(path) as image:
        return _photo(image, str(path), upright=False)


def _photo(image: Image.Image, source: str, *, upright: bool) -> Photo:
    orientation = image.getexif().get(_ORIENTATION, 1) if upright else 1
    turn = _UPRIGHT.get(orientation)  # None for 1 and for numbers that mean nothing
    picture = image if turn is None else image.transpose(turn)
    grey = image.mode in {"1", "L", "LA", "La"}
    pixels, alpha = _planes(picture, grey=grey)
    return Photo(
        pixels=pixels,
        alpha=alpha,
        mode="L" if grey else "RGB",
        icc=image.info.get("icc_profile") or None,
        metadata=collect(image, turned=orientation in (5, 6, 7, 8), size=picture.size),
        source=source,
    )


def _planes(
    image: Image.Image, *, grey: bool
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Pixels H x W x 3, and alpha H x W or None, of arrays that nobody else holds."""
    if image.has_transparency_data:
        rgba = np.asarray(image if image.mode == "RGBA" else image.convert("RGBA"))
        return np.ascontiguousarray(rgba[..., :3]), np.ascontiguousarray(rgba[..., 3])
    if grey:
        values = np.asarray(image if image.mode == "L" else image.convert("L"))
        return np.repeat(values[..., None], 3, axis=2), None
    return np.array(image if image.mode == "RGB" else image.convert("RGB")), None
