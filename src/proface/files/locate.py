"""Find the protected regions of a picture whose header is gone, or that was scaled or cropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from proface.container.header import MAX_DEPTH, MAX_REGIONS, MAX_STANZAS, Header
from proface.container.pixel_description import PixelDescription, of_another, parse_description
from proface.errors import DamagedFileError
from proface.files.describe import expected_description
from proface.keys import check_stanzas
from proface.media.orientation import upright
from proface.media.photo import Photo
from proface.models.cards import list_models
from proface.models.flow import Flow
from proface.models.store import ModelStore
from proface.pipeline.recover import is_readable
from proface.types import Place, Region

# Scaling keeps the ratio of the sides, but for rounding.
_MAX_SKEW = 0.01
_LEAST_SCALE = 1 / 8  # half is what the base layer is made for
# A found rectangle is whole blocks: up to 15 pixels are missing at a picture's edge, and up to 40
# that the largest blocks of the base layer do not use.
_MOST_MISSING = 64
MOST_PIXELS = 64_000_000  # of a picture that is searched: the search takes 100 bytes for each
ORIENTATIONS = (1, 6, 8, 3, 2, 4, 5, 7)  # as in EXIF, the likelier first
UNKNOWN_LOOK = "unknown"
_MOST_READ = 8  # regions, before the picture is searched
NO_DIGEST = "0" * 64


@dataclass(frozen=True)
class Located:
    """A header and where its regions are in this picture.

    Attributes:
        header: of all protections found; regions in coordinates of the picture as protected.
        places: of each region, if not at its box.
        missing: how many more regions there were when the picture was protected.
        said: the public bytes of each region.
        orientation: how the picture must be turned to be as it was protected, as in EXIF.
    """

    header: Header
    places: Mapping[Region, Place] = field(default_factory=dict)
    missing: int = 0
    said: Mapping[Region, bytes] = field(default_factory=dict)
    orientation: int = 1


def scaled_places(header: Header, size: tuple[int, int]) -> Mapping[Region, Place] | None:
    """Where regions are in a picture that was only scaled, to `size`; None if it was cropped.

    None too where nothing can be left of them: a header may state any size.
    """
    across, down = (now / was for now, was in zip(size, header.size, strict=True))
    if abs(across / down - 1) > _MAX_SKEW or min(across, down) < _LEAST_SCALE:
        return None
    return {
        r: Place(r.x * across, r.y * down, r.w * across, r.h * down)
        for one in header.chain
        for r in one.regions
        if size != header.size
    }


def is_as_stated(
    photo: Photo, header: Header, places: Mapping[Region, Place], models: ModelStore
) -> bool:
    """Whether one of the largest regions can be read where a header, or its scaling, says.

    If not, the picture may have been turned or cropped, to the same shape. A header of regions that
    nobody hides anything in is forged: it is taken at its word, as no search would find them. So is
    that of an enlarged picture, which is no crop.
    """
    if photo.size[0] > header.size[0]:
        return True
    regions = [
        (flow, one, region)
        for one in header.chain
        for flow in [models.find(one.model_name, one.model_sha256, one.mode)]
        for region in one.regions
        if flow.words(region.h, region.w)
    ]
    regions.sort(key=lambda entry: -entry[2].w * entry[2].h)
    for flow, one, region in regions[:_MOST_READ]:
        place = places.get(region)
        known = None if place is None else expected_description(one, region, flow)
        if is_readable(photo.pixels, region.box, flow, place, known):
            return True
    return not regions


def locate(
    photo: Photo, models: ModelStore, original_size: tuple[int, int] | None = None
) -> Located | None:
    """Find regions whose pixels describe themselves; None if there are none.

    Services turn photos upright, and people turn and mirror them: if nothing is found, the picture
    is searched in the other seven orientations.

    Args:
        photo: the picture as received.
        models: loads the flows whose pixels describe themselves.
        original_size: width and height when it was protected, if known, upright or as stored.
    """
    if photo.size[0] * photo.size[1] > MOST_PIXELS:
        return None
    flows = [models.load(card.name) for card in list_models() if card.kind == "robust"]
    for orientation in ORIENTATIONS:
        pixels = np.ascontiguousarray(upright(photo.pixels, orientation))
        for flow in flows:
            size = original_size
            if size is not None and (size[0] > size[1]) != (pixels.shape[1] > pixels.shape[0]):
                size = size[::-1]
            found = flow.find(pixels, size, of_another, brief=orientation != 1)
            located = _described(found, flow)
            if located is not None:
                return replace(located, orientation=orientation)
    return None


def _described(
    found: Sequence[tuple[bytes, Place, tuple[float, float]]], flow: Flow
) -> Located | None:
    """What the found regions say of themselves; None if none of them is credible."""
    described: list[tuple[PixelDescription, Region, Place]] = []
    said: dict[Region, bytes] = {}
    for public, place, scale in found[:MAX_REGIONS]:
        one = parse_description(public)
        if one is not None and _is_credible(one, flow, place, scale):
            region = Region(one.n, one.x, one.y, one.w, one.h, UNKNOWN_LOOK, NO_DIGEST)
            # The finder knows whole blocks; a region at the picture's edge may end beyond.
            place = Place(place.x, place.y, one.w * scale[0], one.h * scale[1])
            described.append((one, region, place))
            said[region] = public
    return replace(_assemble(described, flow), said=said) if described else None


def _is_credible(
    one: PixelDescription, flow: Flow, place: Place, scale: tuple[float, float]
) -> bool:
    """Whether a description fits its place, and its key what a reader accepts.

    Anyone can write one: a region that says it is huge must not take memory, and one with a forged
    key must not shut out the others.
    """
    beyond = one.w - place.w / scale[0], one.h - place.h / scale[1]
    if one.model != bytes.fromhex(flow.digest)[:4]:
        return False
    if not all(-1 < pixels < _MOST_MISSING for pixels in beyond) or not flow.words(one.h, one.w):
        return False
    try:
        check_stanzas([one.stanza])
    except DamagedFileError:
        return False
    return True


def _assemble(described: list[tuple[PixelDescription, Region, Place]], flow: Flow) -> Located:
    """One header for each protection, nested as in a file."""
    files: dict[bytes, list[tuple[PixelDescription, Region, Place]]] = {}
    for entry in described:
        files.setdefault(entry[0].file, []).append(entry)
    header: Header | None = None
    places: dict[Region, Place] = {}
    missing, room = 0, MAX_STANZAS  # of all protections: each is tried
    for entries in list(files.values())[:MAX_DEPTH]:
        regions = {region.n: region for _one, region, _place in reversed(entries)}
        places |= {region: place for _one, region, place in entries}
        first = entries[0][0]
        stanzas = {str(one.stanza): one.stanza for one, _region, _place in entries}
        stanzas = dict(list(stanzas.items())[:room])
        if not stanzas:
            break
        room -= len(stanzas)
        missing += max(0, first.count - len(regions))
        header = Header(
            model_name=flow.name,
            model_sha256=flow.digest,
            mode=flow.mode,
            size=first.size,
            regions=tuple(regions[n] for n in sorted(regions)),
            rest_sha256=NO_DIGEST,
            photo_mode=first.photo_mode,
            stanzas=tuple(stanzas.values()),
            previous=header,
        )
    if header is None:
        raise ValueError("no description given")
    return Located(header, places, missing)
