"""Recover a photo: all of it with the file's key, single faces with face keys."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from PIL import Image

from proface.container.header import Header
from proface.container.storage import JPEG_SUFFIXES, write_photo
from proface.errors import DamagedFileError, OutputError, WrongPasswordError, plural
from proface.files.access import (
    ProtectedPhoto,
    Source,
    check_header,
    errors_name,
    face_keys,
    open_file_key,
    open_protected,
)
from proface.files.recover_regions import (
    RecoveredFace,
    RegionRecoverer,
    inside,
    nothing_opened,
)
from proface.files.restored import fitted_metadata, open_parts, with_profile
from proface.files.seals import is_exact, open_previous
from proface.keys import FaceKey, FaceKeys, Key, check_total_cost
from proface.media.ancillary.parts import Ancillary
from proface.media.ancillary.write import put_back
from proface.media.atomic_output import atomic_output
from proface.media.photo import Photo
from proface.models.store import ModelStore
from proface.types import Region


@dataclass(frozen=True)
class Recovered:
    """A recovered photo in memory.

    Attributes:
        photo: the recovered photo; pixels outside the regions equal the original's.
        header: the header of the protected file.
        still: the header of an earlier protection that this key does not open, or None.
        faces: how each opened region was recovered.
        opened: the numbers of the faces opened with face keys; None with a key of the whole file.
        closed: the regions that are still protected, of all protections.
        changed: what changed in the picture since it was protected, as far as its header tells.
        from_pixels: whether there was no header that fits: nothing tells what changed.
        verified: whether a MAC under the key vouches for the header of every protection opened. Not
            so for deniable files, face keys, regions found by their pixels, and altered headers.
        warnings: faces that could not be recovered; with `force`, the alterations found.
        ancillary: what else was in the original file, and names of what was left out of it.
        permissions: the most that a written file may have: those of the protected one.
    """

    photo: Photo
    header: Header
    still: Header | None = None
    faces: tuple[RecoveredFace, ...] = ()
    opened: tuple[int, ...] | None = None
    closed: tuple[Region, ...] = ()
    changed: tuple[str, ...] = ()
    from_pixels: bool = False
    verified: bool = False
    warnings: tuple[str, ...] = ()
    ancillary: Ancillary = field(default_factory=Ancillary)
    permissions: int = 0o666

    @property
    def exact(self) -> bool:
        """Whether every opened region is bit-exact, from its sealed original."""
        return all(face.how == "exact" for face in self.faces)

    @property
    def image(self) -> Image.Image:
        """The recovered picture, greyscale if the original was."""
        return self.photo.as_pixels().to_image()

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> tuple[str, ...]:
        """Write the picture atomically, with the header of a protection that is still closed.

        All else that was in the original file is put back as far as this format holds it.

        After a recovery with face keys, faces that are still protected cannot be recovered from the
        written file, as its header would need a new MAC: keep the protected file.

        Args:
            path: .png, .webp or .tif(f); .jpg if it was recovered from a JPEG.
            overwrite: replace an existing file.

        Returns:
            Names of what this format does not hold; it stays in the protected file.

        Raises:
            OutputExistsError, OutputError: it cannot be written.
        """
        still = self.still
        # With `force`, a header may lack what no reader could do without.
        whole = still is not None and still.mac is not None and still.rest_sha256 is not None
        header = still.to_bytes() if still is not None and whole else None
        photo = self.photo
        if Path(path).suffix.lower() not in JPEG_SUFFIXES and photo.jpeg is not None:
            if header is not None:
                raise OutputError(
                    f"{path}: an earlier protection of this JPEG, under another key, is still "
                    "closed, and lives in a JPEG only. Write .jpg."
                )
            photo = photo.as_pixels()
        photo, lost = fitted_metadata(photo, self.ancillary, Path(path))
        with atomic_output(path, overwrite=overwrite, mode=self.permissions) as temporary:
            write_photo(photo, temporary, header=header)
            lost += put_back(temporary, self.ancillary)
        return lost


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
