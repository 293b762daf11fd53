"""Bringing regions back: from their sealed originals, or else out of the picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from proface.errors import DamagedFileError, ModelError
from proface.keys import FaceKey, keystream
from proface.media import Header, Region
from proface.originals import open_original
from proface.runtime import Flow, load_flow
from proface.runtime.models import find_model, list_models, model_names

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Revealed:
    """A picture with regions brought back.

    Attributes:
        exact: the numbers of those that came back bit for bit.
        warnings: with `force`, which sealed originals could not be used.
    """

    pixels: Pixels
    exact: frozenset[int]
    warnings: tuple[str, ...]


def face_keys(header: Header, file_key: bytes) -> list[FaceKey]:
    """The keys of all of a header's regions."""
    return [face_key(header, region, file_key) for region in header.regions]


def face_key(header: Header, r: Region, file_key: bytes) -> FaceKey:
    """The key of one region of a header."""
    return FaceKey.derive(
        file_key, header.model_sha256, n=r.n, x=r.x, y=r.y, w=r.w, h=r.h, sha256=r.sha256
    )


def pad(key: bytes, flow: Flow, height: int, width: int) -> npt.NDArray[np.uint16]:
    """The pad of one region: its own key, so that no keystream serves twice."""
    return keystream(key, flow.words(height, width))


def reveal(
    pixels: Pixels, header: Header, keys: Iterable[FaceKey], *, source: str, force: bool = False
) -> Revealed:
    """Bring those regions of a picture, H x W x 3, back that the keys open; the others stay.

    Args:
        source: the file's name, for messages.
        force: where a sealed original was altered, take what the picture gives.

    Raises:
        DamagedFileError: a sealed original was altered.
        ModelError: the picture is needed, and the model that made it is not here.
    """
    recovered, exact, warnings = pixels.copy(), set(), []
    for key in keys:
        try:
            recovered[_area(key)], is_exact = reveal_face(pixels, header, key)
        except DamagedFileError as error:
            if not force:
                raise DamagedFileError(
                    f"{source}: {error}. Use another copy, or --force."
                ) from None
            warnings.append(f"{error}: it came back from the picture alone, nearly but not exactly")
            recovered[_area(key)], is_exact = _from_picture(pixels, header, key), False
        if is_exact:
            exact.add(key.n)
    return Revealed(recovered, frozenset(exact), tuple(warnings))


def reveal_face(pixels: Pixels, header: Header, key: FaceKey) -> tuple[Pixels, bool]:
    """One region of a picture, H x W x 3, brought back, h x w x 3, and whether bit for bit.

    Raises:
        DamagedFileError: its sealed original was altered.
        ModelError: the picture is needed, and the model that made it is not here.
    """
    original = open_original(header, key)
    if original is not None:
        return original, True
    return _from_picture(pixels, header, key), False


def _from_picture(pixels: Pixels, header: Header, key: FaceKey) -> Pixels:
    flow = flow_of(header)
    return flow.reveal(pixels[_area(key)], pad(key.pad, flow, key.h, key.w))


def _area(key: FaceKey) -> tuple[slice, slice]:
    return slice(key.y, key.y + key.h), slice(key.x, key.x + key.w)


def flow_of(header: Header) -> Flow:
    """The flow that a file was made with: of the header's name, or else of its digest.

    Raises:
        ModelError: it is not here; the message says which to bring.
    """
    name, digest = header.model_name, header.model_sha256
    same_name = find_model(name) if name in model_names() else None
    if same_name is not None and same_name.digest == digest:
        return load_flow(name)
    for card in list_models():  # imported under another name
        if (card.digest, card.mode) == (digest, header.mode):
            return load_flow(card.name)
    if same_name is None:
        raise ModelError(
            f"The file was made with the model {name!r} ({digest[:12]}), which is not here. Bring "
            f"it with `proface models import FILE --name {name}`."
        )
    remedy = "Import the one that made it, under another name: proface models import FILE"
    if same_name.is_shipped:
        remedy = "Install the version of proface that made it"
    raise ModelError(
        f"The file was made with another model {name!r} ({digest[:12]}) than the one installed "
        f"({same_name.digest[:12]}). {remedy}."
    )


def numbers(regions: Sequence[Region | FaceKey]) -> str:
    """ "face 3", "faces 1, 3"."""
    names = ", ".join(str(region.n) for region in regions)
    return f"face {names}" if len(regions) == 1 else f"faces {names}"


def psnr(a: Pixels, b: Pixels) -> float:
    """Peak signal-to-noise ratio, peak 255, dB; infinity for equal images."""
    error = np.mean(np.square(a.astype(np.float32) - b.astype(np.float32)))
    return float(10 * np.log10(255**2 / error)) if error else float("inf")
