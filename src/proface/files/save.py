"""Write a protected photo atomically, after reading it back and checking that it recovers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from proface.container.digests import changes
from proface.container.header import Header
from proface.container.storage import JPEG_SUFFIXES, read_protected, sidecar_path, write_photo
from proface.errors import (
    CheckFailedError,
    FacesRequiredError,
    OutputError,
    OutputExistsError,
    ProfaceError,
)
from proface.files.access import face_keys
from proface.files.locate import scaled_places
from proface.files.seals import has_original, open_original
from proface.keys import FaceKey
from proface.media.atomic_output import atomic_output, output_error
from proface.media.photo import Photo
from proface.models.flow import Flow
from proface.models.store import ModelStore
from proface.pipeline.quality import LEAST_DRAFT, LEAST_PSNR, psnr
from proface.pipeline.recover import draft_psnrs, recover_region
from proface.pipeline.survival import Distortion
from proface.types import Pixels, Region

NOTHING = "Nothing was written."
REMEDIES = "Write a PNG, or try a larger region (option `expand`), another look, or option `fit`."
CLEARLY = 3.0  # dB above the minimum, at which a draft settles that a face will recover

# Originals of the regions, file key, models, what the faces must survive.
Check = tuple[Sequence[Pixels], bytes, ModelStore, Distortion | None]


def save_checked(
    photo: Photo,
    header: Header,
    path: Path,
    *,
    overwrite: bool,
    sidecar: bool,
    check: Check | None,
) -> list[float]:
    """Implement `Protected.save`. check: None skips reading back."""
    if not header.regions:
        raise FacesRequiredError(
            f"{photo.source}: no face to protect, nothing to save. Give option `regions`, or lower "
            "option `threshold`."
        )
    if photo.jpeg is not None and path.suffix.lower() not in JPEG_SUFFIXES:
        raise OutputError(f"{path}: the photo was protected as a JPEG. Write .jpg.")
    beside = sidecar_path(path)
    foreign = not sidecar and os.path.exists(beside)
    if foreign and not overwrite:
        raise OutputExistsError(
            f"{beside}: this sidecar of another picture would apply to {path.name}. Move it away, "
            "or give option `overwrite`."
        )
    if overwrite:
        set_aside_sidecar(path)
    data = header.to_bytes()
    figures: list[float] = []
    with atomic_output(path, overwrite=overwrite) as temporary:
        write_photo(photo, temporary, header=None if sidecar else data)
        if check is not None:
            back, written = read_protected(temporary)
            if not sidecar and written != data:
                raise CheckFailedError(f"{path}: the header differed when read back. {NOTHING}")
            figures = recovered_psnr(back, header, photo.source, *check)
        if sidecar:
            with atomic_output(beside, overwrite=overwrite) as header_file:
                header_file.write_bytes(data)
    if foreign:
        beside.unlink(missing_ok=True)
    return figures


def set_aside_sidecar(path: Path) -> Path | None:
    """Rename the sidecar beside an output if it does not belong to the picture there.

    It may be the only header of a picture that was moved. Returns its new name,
    NAME.1.proface.json or the next that is free; None if there is nothing to rename.
    """
    beside = sidecar_path(path)
    if not os.path.lexists(beside) or _belongs(beside, path):
        return None
    for n in range(1, 10_000):
        free = sidecar_path(path.with_name(f"{path.name}.{n}"))
        if not os.path.lexists(free):
            try:
                os.rename(beside, free)
            except OSError as error:
                raise output_error(beside, error) from error
            return free
    raise OutputError(f"{beside}: thousands of older sidecars lie beside it. Move them away.")


def _belongs(beside: Path, path: Path) -> bool:
    """Whether a sidecar has the header of the picture at this path."""
    try:
        photo, data = read_protected(path, sidecar=beside)
        return data is not None and not changes(Header.from_bytes(data), photo)
    except ProfaceError:
        return False


def recovered_psnr(
    photo: Photo,
    header: Header,
    source: str,
    originals: Sequence[Pixels],
    file_key: bytes,
    models: ModelStore,
    survive: Distortion | None = None,
) -> list[float]:
    """Recover each region of a photo that was read back; return its PSNR in dB, or a bit less.

    Where the flow has a faster draft, only the face that is worst in it, and those that are not
    clearly good enough, are recovered in full; the others have the PSNR of their drafts. Of a
    robust flow only the worst one is repaired.

    Raises:
        CheckFailedError: the pixels differ from those written, a face is under 30 dB, or it does
            not survive what it must.
    """
    found = changes(header, photo)
    if found:
        raise CheckFailedError(f"{source}: differed when read back: {'; '.join(found)}.")
    flow = models.find(header.model_name, header.model_sha256, header.mode)
    keys = face_keys(header, file_key)
    sealed = set() if flow.survives else {key.n for key in keys if has_original(header, key.n)}
    pairs = list(zip(keys, originals, strict=True))
    unsealed = [(key, original) for key, original in pairs if key.n not in sealed]
    figure_of = draft_psnrs(photo.pixels, unsealed, flow)
    worst = min(figure_of.values(), default=0)

    def figure(pair: tuple[FaceKey, Pixels]) -> float:
        key, original = pair
        draft = figure_of.get(key.n)
        # The worst is always recovered as a user will, and so is whatever is not clearly enough.
        if draft is not None and draft > worst and draft >= LEAST_PSNR + CLEARLY:
            return draft
        if draft is not None and draft < LEAST_DRAFT:
            raise _too_poor(source, key, draft, LEAST_DRAFT)
        recovered = open_original(header, key) if key.n in sealed else None
        if recovered is None:
            revealed = recover_region(photo.pixels, key, flow)
            if revealed.quality != "full":
                raise CheckFailedError(
                    f"{source}: face {key.n} would not recover. {NOTHING} {REMEDIES}"
                )
            # Of a robust flow, the exact stream is what counts, not what repair makes of it.
            recovered = revealed.draft if flow.survives else revealed.pixels
        found = psnr(recovered, original)
        # A robust flow's error correction has told that all is there, however little that is.
        if found < LEAST_PSNR and not flow.survives:
            raise _too_poor(source, key, found, LEAST_PSNR)
        return found

    with ThreadPoolExecutor(flow.workers) as pool:
        figures = list(pool.map(figure, pairs))
    if flow.survives and figures:  # repair must work, too
        n = figures.index(min(figures))
        figures[n] = psnr(recover_region(photo.pixels, keys[n], flow).pixels, originals[n])
    if flow.survives and survive is not None:
        _check_survival(photo, source, header, keys, flow, survive)
    return figures


def _too_poor(source: str, key: FaceKey, figure: float, least: float) -> CheckFailedError:
    return CheckFailedError(
        f"{source}: face {key.n} would recover at only {figure:.1f} dB, under {least:g}. "
        f"{NOTHING} Option `exact` keeps every pixel."
    )


def _check_survival(
    photo: Photo,
    source: str,
    header: Header,
    keys: Sequence[FaceKey],
    flow: Flow,
    distortion: Distortion,
) -> None:
    """Distort the picture and recover each region again.

    Raises:
        CheckFailedError: one cannot be recovered, or only coarsely where that does not count.
    """
    changed = distortion.apply(photo.pixels)
    places = scaled_places(header, (changed.shape[1], changed.shape[0])) or {}

    def quality_of(key: FaceKey, region: Region) -> str:
        return recover_region(changed, key, flow, places.get(region)).quality

    with ThreadPoolExecutor(flow.workers) as pool:
        qualities = list(pool.map(quality_of, keys, header.regions))
    for key, quality in zip(keys, qualities, strict=True):
        if quality == "none" or (quality == "coarse" and not distortion.coarse_counts):
            raise CheckFailedError(
                f"{source}: face {key.n} would not survive {distortion.name} (option "
                f"`survive`). {NOTHING} {REMEDIES}"
            )
