"""What keeps one protection intact under another (`--again`).

The network brings a region back nearly, not exactly. Under a second protection that would be
taken for damage: the first one's header has a digest of the picture as it was, the second one's
regions included. So these regions' pixels are sealed too, and the picture comes back as it was.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from proface.errors import DamagedFileError
from proface.keys import derive, seal, unseal
from proface.media import Header, Region

Pixels = npt.NDArray[np.uint8]


def seal_regions(
    pixels: Pixels, regions: Sequence[Region], file_key: bytes, model: str
) -> dict[str, bytes]:
    """The regions of a picture, H x W x 3, each as a sealed PNG under its name in the header."""
    return {
        _name(region): seal(_subkey(file_key, model, region), _png(pixels[region.box.slices]))
        for region in regions
    }


def unseal_regions(pixels: Pixels, header: Header, file_key: bytes) -> None:
    """Put what was sealed of the header's regions into `pixels`.

    Raises:
        DamagedFileError: a sealed part was altered.
    """
    for region in header.regions:
        if _name(region) in header.sealed:
            subkey = _subkey(file_key, header.model_sha256, region)
            content = _pixels(unseal(subkey, header.sealed[_name(region)]))
            if content.shape != (region.h, region.w, 3):
                raise DamagedFileError(f"Region {region.n}'s sealed pixels are of another size.")
            pixels[region.box.slices] = content


def _name(region: Region) -> str:
    return f"pixels-{region.n}"


def _subkey(file_key: bytes, model: str, region: Region) -> bytes:
    return derive(file_key, "seal", model=model, face=region.n, height=region.h, width=region.w)


def _png(pixels: Pixels) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "PNG")
    return file.getvalue()


def _pixels(data: bytes) -> Pixels:
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            return np.asarray(image.convert("RGB"))
    except Exception as error:  # Pillow raises nearly anything
        raise DamagedFileError("A region's sealed pixels are no PNG.") from error
