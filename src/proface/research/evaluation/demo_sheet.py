"""The demo: one photo in every look, recovered with the right and with a wrong password.

Figures are measured on the saved files.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from proface.container.storage import read_protected, write_photo
from proface.errors import FacesRequiredError, MissingExtraError, OutputExistsError
from proface.files.protect import Protected, protect
from proface.files.recover import recover
from proface.keys import KdfParameters, Key, keystream
from proface.looks import LOOKS
from proface.media.atomic_output import atomic_output
from proface.media.photo import Photo, read_photo
from proface.models.store import load_flow
from proface.options import Options
from proface.pipeline.protect import obfuscate_region
from proface.research.evaluation.contact_sheet import Cell, contact_sheet, crop_around
from proface.research.evaluation.journey_sheet import file_names, show_journey
from proface.research.evaluation.metrics import psnr_within
from proface.types import Box, Pixels

PASSWORD = "correct horse"  # public: the demo's files are for trying out
HEADINGS = ("original", "look", "protected", "recovered", "wrong password")
SHEET = "sheet.png"
SHOWN = tuple(name for name, kind in LOOKS.items() if kind.default)  # the other looks need a photo


@dataclass(frozen=True)
class Figures:
    """PSNR of one look over the regions' pixels, dB."""

    look: str
    protected: float  # against the look alone
    recovered: float  # against the original
    wrong: float  # against the original


def sample_photo() -> Pixels:
    """scikit-image's photo of the astronaut Eileen Collins (NASA, public domain), 512 x 512.

    Raises:
        MissingExtraError: scikit-image is not installed.
    """
    try:
        from skimage.data import astronaut
    except ImportError:
        raise MissingExtraError(
            "The demo's own photo comes with scikit-image, which is not installed. "
            'Run pip install "proface[demo]", or give a photo: proface demo PHOTO.'
        ) from None
    return np.asarray(astronaut(), np.uint8)  # type: ignore[no-untyped-call]


def demonstrate(
    photo: Path | None,
    folder: Path,
    model: str = "padded",
    *,
    overwrite: bool = False,
    on_look: Callable[[Figures], None] = lambda figures: None,
) -> tuple[Path, Path]:
    """Protect a photo with every look into `folder`, recover it, and draw the contact sheets.

    Args:
        photo: None for the sample photo, which is then saved in the folder too.
        folder: created if missing.
        model: name of the flow.
        overwrite: replace files of an earlier demo.
        on_look: called after each look.

    Returns:
        The paths of both sheets: of the looks, and of what a JPEG goes through.

    Raises:
        MissingExtraError: there is no photo.
        FacesRequiredError: no face was found in it.
        ModelError: there is no such model.
        OutputExistsError, OutputError: the folder has such files already, or is not writable.
    """
    names = [
        SHEET,
        *file_names(),
        *(f"{look}{part}.png" for look in SHOWN for part in ("", "-recovered")),
    ]
    load_flow(model)  # fails on an unknown name before anything is written
    sample = None if photo else sample_photo()
    if photo is None:
        photo = folder / "original.png"
        names.append(photo.name)
    _make_folder(folder, names, overwrite)
    if sample is not None:
        _write(Photo(sample, source="astronaut"), photo, overwrite)

    original = read_photo(photo)
    key, kdf = Key.from_password(PASSWORD), KdfParameters.fresh()
    rows = []
    for name in SHOWN:
        result = protect(photo, key, Options(look=name, model=model), kdf=kdf)
        if not result.regions:
            raise FacesRequiredError(f"{photo}: no face found to show. Choose another photo.")
        saved = folder / f"{name}.png"
        result.save(saved, overwrite=overwrite)
        back = folder / f"{name}-recovered.png"
        _write(recover(saved, key).photo, back, overwrite)
        figures, row = _compare(original, result, saved, back)
        on_look(figures)
        rows.append(row)
    sheet = contact_sheet(HEADINGS, rows)
    with atomic_output(folder / SHEET, overwrite=overwrite) as temporary:
        sheet.save(temporary, "PNG", optimize=True)
    journey = show_journey(photo, folder, PASSWORD, overwrite=overwrite)
    return folder / SHEET, journey


def _compare(
    original: Photo, result: Protected, saved: Path, back: Path
) -> tuple[Figures, list[Cell]]:
    """PSNR of one look, and its row of the sheet, from the files."""
    boxes = [region.box for region in result.regions]
    look = original.pixels.copy()
    for region in result.regions:
        look[region.box.slices] = obfuscate_region(
            original.pixels, region.box, region.look, result.faces
        )
    protected = read_protected(saved)[0].pixels
    recovered = read_photo(back).pixels
    wrong = _under_wrong_key(protected, boxes, result.header.model_name)
    figures = Figures(
        result.regions[0].look,
        psnr_within(boxes, protected, look),
        psnr_within(boxes, recovered, original.pixels),
        psnr_within(boxes, wrong, original.pixels),
    )
    area = crop_around(boxes, original.size).slices
    return figures, [
        Cell(original.pixels[area]),
        Cell(look[area], figures.look),
        Cell(protected[area], f"{figures.protected:.1f} dB", "to the look"),
        Cell(recovered[area], f"{figures.recovered:.1f} dB", "to the original"),
        Cell(wrong[area], f"{figures.wrong:.1f} dB", "to the original"),
    ]


def _under_wrong_key(protected: Pixels, boxes: Sequence[Box], model: str) -> Pixels:
    """The picture recovered with a random key, which `recover` would refuse."""
    flow = load_flow(model)
    pixels = protected.copy()
    for box in boxes:
        pad = keystream(os.urandom(32), flow.words(box.h, box.w))
        pixels[box.slices] = flow.reveal(protected[box.slices], pad)
    return pixels


def _make_folder(folder: Path, names: Sequence[str], overwrite: bool) -> None:
    """Create the folder; fail before any work if a file exists already."""
    from proface.media.atomic_output import output_error

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(folder, error) from error
    taken = [name for name in names if (folder / name).exists()]
    if taken and not overwrite:
        raise OutputExistsError(
            f"{folder / taken[0]}: exists already. Use --overwrite, or another folder with -o."
        )


def _write(photo: Photo, path: Path, overwrite: bool) -> None:
    with atomic_output(path, overwrite=overwrite) as temporary:
        write_photo(photo, temporary)
