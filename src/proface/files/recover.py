"""Recover a photo: all of it with the file's key, single faces with face keys."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from PIL import Image

from proface.container.header import Header
from proface.errors import DamagedFileError, WrongPasswordError, plural
from proface.files.access import (
    Source,
    check_header,
    errors_name,
    face_keys,
    open_file_key,
    open_protected,
)
from proface.files.protected_photo import ProtectedPhoto
from proface.files.recover_regions import (
    RegionRecoverer,
    inside,
    nothing_opened,
)
from proface.files.recovered import Recovered
from proface.files.restored import open_parts, with_profile
from proface.files.seals import is_exact, open_previous
from proface.keys import FaceKey, FaceKeys, Key, check_total_cost, not_a_key
from proface.media.ancillary.parts import Ancillary
from proface.models.store import ModelStore
from proface.types import Region


def recover(
    source: Source,
    key: Key | FaceKeys,
    *,
    header: Header | None = None,
    sidecar: Path | None = None,
    force: bool = False,
    models: ModelStore | None = None,
    original_size: tuple[int, int] | None = None,
) -> Recovered:
    """Recover the faces of a protected photo.

    Args:
        source: path of a protected file, or a protected PIL image with its `header`.
        key: a password or key file that opens it, or keys of single faces.
        header: the header, if the file does not have it. Without any header, regions of the model
            `robust` are found by their pixels.
        sidecar: the header's file, if it is neither in the picture nor beside it.
        force: recover what is possible if header or pixels were altered; see `warnings`.
        models: loads the flow.
        original_size: width and height of the picture when it was protected, for one without a
            header that was scaled; searched for if None.

    Raises:
        NotProtectedError, WrongPasswordError, DamagedFileError.
    """
    if not isinstance(key, (Key, FaceKeys)):
        raise not_a_key(key)
    models = models or ModelStore()
    protected = open_protected(
        source, header, sidecar, force=force, models=models, original_size=original_size
    )
    recoverer = RegionRecoverer(protected, models, force=force)
    if force:
        recoverer.warnings += protected.changed
    if isinstance(key, FaceKeys):
        recovered = _recover_faces(protected, key, recoverer, force=force)
    else:
        recovered = _recover_all(protected, key, recoverer, force=force)
    if isinstance(source, Image.Image):
        return recovered
    return replace(recovered, permissions=os.stat(source).st_mode & 0o666)


def _recover_all(
    protected: ProtectedPhoto, key: Key, recoverer: RegionRecoverer, *, force: bool
) -> Recovered:
    """Undo the protections that the key opens, latest first."""
    photo, header = protected.photo, protected.header
    with errors_name(photo.source):
        check_total_cost([one.stanzas for one in header.chain if one.scheme == "stanzas"])
    metadata, mode, ancillary = photo.metadata, header.photo_mode, Ancillary()
    closed: list[Region] = []
    others = 0  # regions whose description is another photo's
    still: Header | None = None
    wrong: WrongPasswordError | None = None
    opened, verified = False, not protected.from_pixels
    following: Header | None = header
    while following is not None:
        one, following = following, following.previous
        try:
            if still is not None:  # lies under a protection that this key does not open
                raise WrongPasswordError
            file_key = open_file_key(one, key, photo.source)
        except WrongPasswordError as error:
            wrong = wrong or error
            closed += one.regions
            # In pixels, protections have no order: each is tried.
            still = None if protected.from_pixels else still or one
            continue
        opened = True
        found = check_header(one, file_key, photo.source, force=force)
        verified = verified and one.mac is not None and not found
        if found and not is_exact(one):
            found.append(
                "not every region has a sealed original in this header (it may have been removed): "
                "such regions were recovered from the picture, approximately"
            )
        recoverer.warnings += found
        try:
            following = open_previous(one, file_key).previous
        except DamagedFileError as error:
            if not force:
                raise DamagedFileError(f"{photo.source}: {error}") from None
            recoverer.warnings.append(f"earlier protections cannot be verified: {error}")
        found_others = recoverer.recover(
            one, zip(one.regions, face_keys(one, file_key), strict=True)
        )
        closed += found_others
        others += len(found_others)
        mode = one.photo_mode
        found_metadata, found_parts = open_parts(
            one, file_key, photo.metadata.dpi, recoverer.warnings if force else None
        )
        metadata = found_metadata or metadata
        ancillary = ancillary if found_parts.is_empty else found_parts
    if not opened:
        raise wrong or WrongPasswordError(f"{photo.source}: the key opens nothing in this file.")
    if not force:
        recoverer.check_any()
        recoverer.check_own(others)
    if protected.missing:
        recoverer.warnings.append(f"{plural(protected.missing, 'face')} of the photo not found")
    return Recovered(
        with_profile(recoverer.finish(mode, metadata), ancillary),
        header,
        still,
        tuple(recoverer.faces),
        closed=tuple(closed),
        changed=protected.changed,
        from_pixels=protected.from_pixels,
        turned=protected.turned,
        verified=verified,
        warnings=tuple(recoverer.warnings),
        ancillary=ancillary,
    )


def _recover_faces(
    protected: ProtectedPhoto, keys: FaceKeys, recoverer: RegionRecoverer, *, force: bool
) -> Recovered:
    """Recover the faces of these keys; the rest of the picture stays as it is.

    The header's MAC cannot be verified without the file key. Instead, place, size and pixels of
    each face are compared with its key, and sealed originals are authenticated.
    """
    photo, header = protected.photo, protected.header
    opened: dict[tuple[int, int], FaceKey] = {}
    # Regions are disjoint, so faces of an earlier protection can be opened directly.
    for layer in header.chain:
        mine = []
        for region in layer.regions:
            for key in keys.faces:
                if _opens(key, region, protected, recoverer, force=force):
                    mine.append((region, key))
        others = recoverer.recover(layer, mine)
        opened |= {(region.x, region.y): key for region, key in mine if region not in others}
    if not opened:
        raise nothing_opened(photo, keys)
    if not force:
        recoverer.check_any()
    closed = tuple(
        region
        for layer in header.chain
        for region in layer.regions
        if (region.x, region.y) not in opened
    )
    mode = photo.mode if closed else header.chain[-1].photo_mode
    return Recovered(
        recoverer.finish(mode, photo.metadata),
        header,
        faces=tuple(recoverer.faces),
        opened=tuple(key.n for key in opened.values()),
        closed=closed,
        changed=protected.changed,
        from_pixels=protected.from_pixels,
        turned=protected.turned,
        warnings=tuple(recoverer.warnings),
    )


def _opens(
    key: FaceKey,
    region: Region,
    protected: ProtectedPhoto,
    recoverer: RegionRecoverer,
    *,
    force: bool,
) -> bool:
    """Whether a region is the face of this key.

    Raises:
        DamagedFileError: number or place differ, without `force`; with it, the key's are used.
    """
    same = (region.n, region.box) == (key.n, key.box)
    if protected.from_pixels:
        return same  # the checksum in the pixels tells another photo's key
    if region.sha256 != key.sha256:
        return False
    if not same:
        fault = f"the header's entry of region {region.n} was altered: it contradicts the key"
        if not force or not inside(key, protected.photo):
            raise DamagedFileError(f"{protected.photo.source}: {fault}. Use another copy.")
        recoverer.warnings.append(fault)
    return True
