"""A region's original pixels, sealed in the header.

`--exact` seals them for every region, since the network brings a face back nearly, not exactly.
So does a second protection (`--again`): the first one's header has a digest of the picture as it
was, the second one's regions included, and would take "nearly" for damage.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from proface.errors import DamagedFileError
from proface.keys import FaceKey, derive, seal, unseal
from proface.media import Header, Region, lossless

Pixels = npt.NDArray[np.uint8]


def seal_originals(
    pixels: Pixels, regions: Sequence[Region], file_key: bytes, model: str
) -> dict[str, bytes]:
    """The regions of a picture, H x W x 3, each sealed under its name in the header."""
    sealed = {}
    for r in regions:
        subkey = derive(file_key, "seal", model=model, face=r.n, height=r.h, width=r.w)
        sealed[_name(r.n)] = seal(subkey, lossless.encode(pixels[r.box.slices]))
    return sealed


def has_original(header: Header, n: int) -> bool:
    """Whether the header holds the original of its region n."""
    return _name(n) in header.sealed


def is_exact(header: Header) -> bool:
    """Whether every region of the header comes back bit for bit."""
    return all(has_original(header, region.n) for region in header.regions)


def open_original(header: Header, key: FaceKey) -> Pixels | None:
    """The original of a face, H x W x 3; None where the header does not hold it.

    Raises:
        DamagedFileError: what it holds was altered, or is another file's.
    """
    sealed = header.sealed.get(_name(key.n))
    if sealed is None:
        return None
    try:
        return lossless.decode(unseal(key.seal, sealed), key.h, key.w)
    except DamagedFileError as error:
        raise DamagedFileError(
            f"the sealed original of region {key.n} was altered, or is another file's"
        ) from error


def _name(n: int) -> str:
    return f"pixels-{n}"
