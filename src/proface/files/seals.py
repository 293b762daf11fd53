"""Seal and open the encrypted parts of a header.

metadata    EXIF and XMP of the original
ancillary   what else is in its file: comments, further pictures, text chunks, tags
alpha-N     the original transparency of region N, where it varies
pixels-N    the original pixels of region N, losslessly coded: with `exact`, since recovery by the
            flow is approximate; and for a later protection (`again`), since the header of the
            earlier one has a digest of the picture before it
previous    `rest_sha256` of the nested headers, made when the faces hidden now were in clear:
            known, they would confirm a guess of these faces, pixel by pixel
coefficients-N  the same of a JPEG: the quantised coefficients of region N
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from proface.container.canonical_json import canonical_json, parse_canonical
from proface.container.header import Header
from proface.container.header_fields import Damaged
from proface.errors import DamagedFileError
from proface.keys import FaceKey, derive, seal, unseal
from proface.keys.hkdf import subkey
from proface.media import lossless
from proface.media.ancillary.parts import Ancillary
from proface.media.jpeg import region_coefficients
from proface.media.metadata import Metadata
from proface.media.photo import Photo
from proface.types import Pixels, Region

METADATA, ANCILLARY, PREVIOUS = "metadata", "ancillary", "previous"

Alpha = NDArray[np.uint8]  # H x W
Part = TypeVar("Part")


def pixels_name(n: int) -> str:
    """The name under which the original pixels of region n are sealed."""
    return f"pixels-{n}"


def seal_metadata(metadata: Metadata, file_key: bytes, model: str) -> dict[str, bytes]:
    """Seal EXIF and XMP; return them by name. model: the flow's digest, hex."""
    subkey = derive(file_key, METADATA, model=model)
    return {METADATA: seal(subkey, metadata.to_bytes())}


def seal_ancillary(ancillary: Ancillary, file_key: bytes, model: str) -> dict[str, bytes]:
    """Seal all else that is in a file; return it by name."""
    return {ANCILLARY: seal(derive(file_key, ANCILLARY, model=model), ancillary.to_bytes())}


def open_ancillary(header: Header, file_key: bytes) -> Ancillary:
    """Open what else was in the file; empty if the header has nothing of the kind.

    Raises:
        DamagedFileError: it was altered, or belongs to another file.
    """
    if ANCILLARY not in header.sealed:
        return Ancillary()
    subkey = derive(file_key, ANCILLARY, model=header.model_sha256)
    return Ancillary.from_bytes(unseal(subkey, header.sealed[ANCILLARY]))


def alpha_name(n: int) -> str:
    """The name under which the original transparency of region n is sealed."""
    return f"alpha-{n}"


def seal_alpha(alpha: Alpha, keys: Sequence[FaceKey]) -> dict[str, bytes]:
    """Seal the transparency, H x W, of these regions of a photo; return it by name."""
    return {
        alpha_name(key.n): seal(_alpha_key(key), lossless.encode(_in_three(alpha[key.box.slices])))
        for key in keys
    }


def open_alpha(header: Header, key: FaceKey) -> Alpha | None:
    """Open the sealed transparency of a region, H x W; None if there is none.

    Raises:
        DamagedFileError: it was altered, or belongs to another file.
    """
    sealed = header.sealed.get(alpha_name(key.n))
    if sealed is None:
        return None
    pixels = lossless.decode(unseal(_alpha_key(key), sealed), key.box.h, key.box.w)
    return np.ascontiguousarray(pixels[..., 0])


def seal_previous(previous: Header, file_key: bytes, model: str) -> tuple[Header, dict[str, bytes]]:
    """The nested headers without their digests of the rest, and these sealed, by name."""
    digests = canonical_json([one.rest_sha256 for one in previous.chain])
    subkey = derive(file_key, PREVIOUS, model=model)
    without = _with_rests(previous, [None] * len(previous.chain))
    return without, {PREVIOUS: seal(subkey, digests)}


def open_previous(header: Header, file_key: bytes) -> Header:
    """The header with the digests of its nested headers, as they were signed.

    Raises:
        DamagedFileError: the sealed part was altered, or belongs to another file.
    """
    if PREVIOUS not in header.sealed or header.previous is None:
        return header
    subkey = derive(file_key, PREVIOUS, model=header.model_sha256)
    text = unseal(subkey, header.sealed[PREVIOUS])
    rests = parse_canonical(text, Damaged("the sealed part of an earlier protection"))
    if not _are_digests(rests, len(header.previous.chain)):
        raise DamagedFileError(
            "The sealed digests of earlier protections are invalid. Use another copy."
        )
    return replace(header, previous=_with_rests(header.previous, rests))


def _are_digests(rests: object, count: int) -> bool:
    """Whether they are `count` hex digests; None where an inner header has it sealed."""
    return (
        isinstance(rests, list)
        and len(rests) == count
        and all(
            one is None or (isinstance(one, str) and re.fullmatch("[0-9a-f]{64}", one) is not None)
            for one in rests
        )
    )


def _with_rests(header: Header, rests: Sequence[str | None]) -> Header:
    """A header and those nested in it with these digests of the rest."""
    inner = header.previous and _with_rests(header.previous, rests[1:])
    return replace(header, rest_sha256=rests[0], previous=inner)


def coefficients_name(n: int) -> str:
    """The name under which the original coefficients of region n are sealed."""
    return f"coefficients-{n}"


def seal_originals(
    photo: Photo, regions: Sequence[Region], file_key: bytes, model: str
) -> dict[str, bytes]:
    """Seal the regions of a photo, of a JPEG their coefficients; return them by name."""
    sealed = {}
    for r in regions:
        if photo.jpeg is not None:
            name, data = coefficients_name(r.n), region_coefficients(photo.jpeg, r.box)
        else:
            name, data = pixels_name(r.n), lossless.encode(photo.pixels[r.box.slices])
        sealed[name] = seal(_pixels_key(file_key, model, r), data)
    return sealed


def has_original(header: Header, n: int) -> bool:
    """Whether the header holds the original of its region n."""
    return pixels_name(n) in header.sealed or coefficients_name(n) in header.sealed


def is_exact(header: Header) -> bool:
    """Whether every region of the header recovers bit-exactly."""
    return all(has_original(header, region.n) for region in header.regions)


def open_original(header: Header, key: FaceKey) -> Pixels | None:
    """Open the sealed original of a face, H x W x 3; None if there is none.

    Raises:
        DamagedFileError: it was altered, or belongs to another file.
    """

    def decode(data: bytes) -> Pixels:
        return lossless.decode(data, key.box.h, key.box.w)

    return _opened(header, key, pixels_name(key.n), decode)


def open_coefficients(header: Header, key: FaceKey) -> bytes | None:
    """Open the sealed coefficients of a face in a JPEG; None if there are none.

    Raises:
        DamagedFileError: they were altered, or belong to another file.
    """
    return _opened(header, key, coefficients_name(key.n), lambda data: data)


def _opened(
    header: Header, key: FaceKey, name: str, decode: Callable[[bytes], Part]
) -> Part | None:
    """A sealed part of a face, decoded; None if there is none."""
    sealed = header.sealed.get(name)
    if sealed is None:
        return None
    try:
        return decode(unseal(key.seal, sealed))
    except DamagedFileError as error:
        raise DamagedFileError(
            f"the sealed original of region {key.n} was altered, or belongs to another file"
        ) from error


def open_metadata(
    header: Header, file_key: bytes, dpi: tuple[float, float] | None
) -> Metadata | None:
    """Open the sealed EXIF and XMP and add the picture's resolution; None if there are none.

    Raises:
        DamagedFileError: they were altered, or belong to another file.
    """
    if METADATA not in header.sealed:
        return None
    subkey = derive(file_key, METADATA, model=header.model_sha256)
    return Metadata.from_bytes(unseal(subkey, header.sealed[METADATA]), dpi)


def describe_broken_seals(header: Header, file_key: bytes) -> str:
    """Describe which sealed parts of an altered header the file key does not open; or ""."""
    opened = [_opens(header, file_key, name) for name in header.sealed]
    if not opened or all(opened):
        return ""
    if not any(opened):
        return "No sealed part opens: they, or the stanzas, belong to another file."
    return "Some sealed parts do not open: they were altered, or belong to another file."


def _opens(header: Header, file_key: bytes, name: str) -> bool:
    model = header.model_sha256
    if name in (METADATA, ANCILLARY, PREVIOUS):
        subkeys = [derive(file_key, name, model=model)]
    elif name.startswith("alpha-"):
        named = [r for r in header.regions if name == alpha_name(r.n)]
        subkeys = [_alpha_key(FaceKey.derive(file_key, model, r)) for r in named]
    else:
        named = [r for r in header.regions if name in (pixels_name(r.n), coefficients_name(r.n))]
        subkeys = [_pixels_key(file_key, model, r) for r in named]
    for one in subkeys:
        try:
            unseal(one, header.sealed[name])
        except DamagedFileError:
            continue
        return True
    return False


def _pixels_key(file_key: bytes, model: str, r: Region) -> bytes:
    return derive(file_key, "seal", model=model, face=r.n, height=r.h, width=r.w)


def _alpha_key(key: FaceKey) -> bytes:
    return subkey(key.seal, "alpha")


def _in_three(plane: Alpha) -> Pixels:
    return np.ascontiguousarray(np.repeat(plane[..., None], 3, axis=2))
