"""From photo to protected photo, step by step; `recovering` has the way back.

protect   read, find faces, choose regions, put the look on, hide the original in it, header
save      write beside the final name, read back, recover, compare, rename
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from proface.choosing import find_regions, in_look
from proface.errors import (
    CheckFailedError,
    FacesRequiredError,
    OutputExistsError,
    UsageError,
)
from proface.geometry import Face
from proface.keys import (
    KdfParameters,
    Key,
    add_stanzas,
    deniable_file_key,
    derive,
    header_mac,
    seal,
)
from proface.media import (
    Header,
    Photo,
    Region,
    atomic_output,
    check_pixels,
    read_protected,
    region_digest,
    rest_digest,
    sidecar_path,
    write_photo,
)
from proface.obfuscators import get_look
from proface.opening import Source, read_unprotected
from proface.originals import seal_originals
from proface.revealing import face_keys, pad, psnr, reveal_face
from proface.runtime import load_flow
from proface.settings import DEFAULT_LOOK, Settings

LEAST_PSNR = 30.0  # dB: a face that comes back worse fails the file


@dataclass(frozen=True)
class Protected:
    """A protected photo in memory.

    Attributes:
        photo: what will be written.
        header: what the file says about it; recovery needs it.
        faces: all that the detector found, the skipped ones too.
    """

    photo: Photo
    header: Header
    faces: tuple[Face, ...]
    _originals: tuple[npt.NDArray[np.uint8], ...] = field(repr=False)  # of the regions
    _file_key: bytes = field(repr=False)

    @property
    def image(self) -> Image.Image:
        """The protected picture. Kept apart from `header`, it cannot be recovered."""
        return self.photo.to_image(colour=True)

    @property
    def regions(self) -> tuple[Region, ...]:
        """What was protected, numbered from 1."""
        return self.header.regions

    def check(self, photo: Photo) -> list[float]:
        """Recover each region of `photo`, this result as read back, and compare with the original.

        Returns:
            The PSNR of each region, dB.

        Raises:
            CheckFailedError: other pixels than were written, or a face under 30 dB.
        """
        damage = check_pixels(self.header, photo)
        if damage:
            raise CheckFailedError(f"{photo.source}: read back differently: {'; '.join(damage)}.")
        keys = face_keys(self.header, self._file_key)
        figures = []
        for region, key, original in zip(self.regions, keys, self._originals, strict=True):
            recovered, _exact = reveal_face(photo.pixels, self.header, key)
            figures.append(psnr(recovered, original))
            if figures[-1] < LEAST_PSNR:
                raise CheckFailedError(
                    f"{self.photo.source}: face {region.n} would come back at {figures[-1]:.1f} dB "
                    f"only, under {LEAST_PSNR:.0f}. Nothing was written; --exact keeps every pixel."
                )
        return figures

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        sidecar: bool = False,
        check: bool = True,
    ) -> list[float]:
        """Write the file; it gets its name only after it was read back and found to recover.

        Args:
            path: .png, .webp or .tif(f).
            overwrite: replace a file of this name.
            sidecar: put the header into NAME.proface.json beside the picture, not into it.
            check: read back, recover, compare.

        Returns:
            The PSNR of each recovered region, dB; empty without `check`.

        Raises:
            FacesRequiredError: there is no region, so nothing to hide.
            OutputExistsError, OutputError: it cannot be written there.
            CheckFailedError: it would not recover.
        """
        return save_checked(self, Path(path), overwrite=overwrite, sidecar=sidecar, check=check)


def protect(
    image: Source,
    key: Key,
    look: str = DEFAULT_LOOK,
    *,
    also: Sequence[Key] = (),
    **settings: object,
) -> Protected:
    """Protect the faces of a photo.

    Args:
        image: path or PIL image.
        key: password or key file.
        look: "blur", "median", "pixelate" or "mask", with a strength as in "pixelate:20"; "swap"
            with a photo, as in "swap:face.jpg".
        also: further passwords and key files, each of which shall open the file alone.
        **settings: further fields of `Settings`.

    Raises:
        UsageError, ImageError, UnsupportedImageError, AlreadyProtectedError.
    """
    wanted = Settings(look=look, **settings)  # type: ignore[arg-type]
    return protect_photo(image, key, wanted, also=also)


def protect_photo(
    image: Source,
    key: Key,
    settings: Settings,
    kdf: KdfParameters | None = None,
    *,
    also: Sequence[Key] = (),
) -> Protected:
    """As `protect`; a batch gives one `kdf` for all its files, so that Argon2id runs once."""
    if settings.deniable and settings.exact:
        raise UsageError(
            "--exact seals the original pixels, and a seal tells a right password from a wrong "
            "one: give either --exact or --deniable."
        )
    if settings.deniable and also:
        raise UsageError("A deniable file has one password: nothing in it can tell several apart.")
    for each in (key, *also):
        each.check_strong()
    look = get_look(settings.look)
    flow = load_flow(settings.model)
    photo, previous = read_unprotected(image, again=settings.again)
    if previous is not None and (settings.deniable or previous.chain[-1].scheme == "deniable"):
        # No tag tells which layer a key belongs to: opening one would spoil the other.
        raise UsageError(
            f"{photo.source}: --again and deniable protection do not go together. Recover the "
            "photo first, and protect all of it at once."
        )
    chain = previous.chain if previous else []
    taken = tuple(region.box for header in chain for region in header.regions)

    faces, boxes = find_regions(photo, settings, taken)

    kdf = kdf or KdfParameters.fresh()
    nonce = os.urandom(32) if settings.deniable else None
    file_key = deniable_file_key(key, kdf, nonce) if nonce else os.urandom(32)

    pixels = photo.pixels.copy()
    regions = []
    for n, box in enumerate(boxes, 1):
        original = photo.pixels[box.slices]
        obfuscated = in_look(photo, box, look, faces)
        subkey = derive(file_key, "face", model=flow.digest, face=n, height=box.h, width=box.w)
        pixels[box.slices] = flow.hide(original, obfuscated, pad(subkey, flow, box.h, box.w))
        digest = region_digest(pixels, box)
        regions.append(Region(n, box.x, box.y, box.w, box.h, str(look), digest))

    sealed = {}
    kept = photo.metadata if settings.keep_metadata else photo.metadata.public()
    # A seal has a tag, and a tag tells a right password from a wrong one.
    if photo.metadata.is_private and not settings.keep_metadata and not settings.deniable:
        subkey = derive(file_key, "metadata", model=flow.digest)
        sealed["metadata"] = seal(subkey, photo.metadata.to_bytes())
    if settings.exact or previous is not None:
        sealed |= seal_originals(photo.pixels, regions, file_key, flow.digest)
    protected = Photo(pixels, photo.alpha, photo.mode, photo.icc, kept, photo.source)
    header = Header(
        model_name=flow.name,
        model_sha256=flow.digest,
        mode=flow.mode,
        size=photo.size,
        photo_mode=photo.mode,
        scheme="deniable" if nonce else "stanzas",
        stanzas=() if nonce else add_stanzas((), file_key, [key, *also], kdf),
        kdf=kdf.to_json() if nonce else None,
        nonce=nonce,
        regions=tuple(regions),
        rest_sha256=rest_digest(protected, boxes),
        sealed=sealed,
        previous=previous,
    )
    if not nonce:
        header = header.with_mac(header_mac(file_key, flow.digest, header.signed_bytes()))
    # Copies of the regions, so that the whole original need not be held until the check.
    originals = tuple(photo.pixels[box.slices].copy() for box in boxes)
    return Protected(protected, header, faces, originals, file_key)


def save_checked(
    result: Protected, path: Path, *, overwrite: bool, sidecar: bool, check: bool
) -> list[float]:
    """See `Protected.save`."""
    if not result.regions:
        raise FacesRequiredError(
            f"{result.photo.source}: no face to protect, so there is nothing to save. Give "
            "`regions`, or lower `threshold`."
        )
    beside = sidecar_path(path)
    foreign = not sidecar and os.path.exists(beside)
    if foreign and not overwrite:
        raise OutputExistsError(
            f"{beside}: a sidecar of another picture stands where {path.name} goes, and would "
            "contradict it. Move it away, or overwrite."
        )
    data = result.header.to_bytes()
    figures: list[float] = []
    with atomic_output(path, overwrite=overwrite) as temporary:
        write_photo(result.photo, temporary, header=None if sidecar else data)
        if check:
            photo, written = read_protected(temporary)
            if not sidecar and written != data:
                raise CheckFailedError(f"{path}: the header was not read back as it was written.")
            figures = result.check(photo)
        if sidecar:
            with atomic_output(beside, overwrite=overwrite) as header_file:
                header_file.write_bytes(data)
    if foreign:
        beside.unlink(missing_ok=True)
    return figures
