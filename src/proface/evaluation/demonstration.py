"""The demo: one photo in every look, recovered with the right and with a wrong password.

All figures are from the saved files.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from proface.choosing import in_look
from proface.errors import FacesRequiredError, MissingExtraError, OutputExistsError
from proface.evaluation.sheet import Cell, contact_sheet, crop_around
from proface.geometry import Box
from proface.keys import KdfParameters, Key, keystream
from proface.media import Photo, atomic_output, read_photo, read_protected, write_photo
from proface.obfuscators import LOOKS
from proface.pipeline import Protected, protect_photo
from proface.recovering import recover_photo
from proface.revealing import psnr
from proface.runtime import load_flow
from proface.settings import Settings

Pixels = npt.NDArray[np.uint8]

PASSWORD = "correct horse"  # said aloud: the demo's files are there to be tried out
HEADINGS = ("original", "look", "protected", "recovered", "wrong password")
SHEET = "sheet.png"
SHOWN = tuple(name for name, kind in LOOKS.items() if kind.default)  # the others need a photo


@dataclass(frozen=True)
class Figures:
    """One look, dB over the regions' pixels."""

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
    tell: Callable[[Figures], None] = lambda figures: None,
) -> Path:
    """Protect a photo with every look into `folder`, recover it, and draw the contact sheet.

    Args:
        photo: None for the sample photo, which is then saved in the folder too.
        folder: made if it is not there.
        model: name of the flow.
        overwrite: replace files of an earlier demo.
        tell: called after each look.

    Returns:
        The path of the sheet.

    Raises:
        MissingExtraError: there is no photo.
        FacesRequiredError: no face was found in it.
        ModelError: there is no such model.
        OutputExistsError, OutputError: the folder has such files already, or is not writable.
    """
    names = [SHEET, *(f"{look}{part}.png" for look in SHOWN for part in ("", "-recovered"))]
    load_flow(model)  # a name that there is not is told before anything is written
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
        result = protect_photo(photo, key, Settings(look=name, model=model), kdf)
        if not result.regions:
            raise FacesRequiredError(f"{photo}: no face found to show. Choose another photo.")
        saved = folder / f"{name}.png"
        result.save(saved, overwrite=overwrite)
        back = folder / f"{name}-recovered.png"
        _write(recover_photo(saved, key).photo, back, overwrite)
        figures, row = _compare(original, result, saved, back)
        tell(figures)
        rows.append(row)
    sheet = contact_sheet(HEADINGS, rows)
    with atomic_output(folder / SHEET, overwrite=overwrite) as temporary:
        sheet.save(temporary, "PNG", optimize=True)
    return folder / SHEET


def _compare(
    original: Photo, result: Protected, saved: Path, back: Path
) -> tuple[Figures, list[Cell]]:
    """The figures of one look and its row, from the files."""
    boxes = [region.box for region in result.regions]
    look = original.pixels.copy()
    for region in result.regions:
        look[region.box.slices] = in_look(original, region.box, region.look, result.faces)
    protected = read_protected(saved)[0].pixels
    recovered = read_photo(back).pixels
    wrong = _under_wrong_key(protected, boxes, result.header.model_name)
    figures = Figures(
        result.regions[0].look,
        _psnr_within(boxes, protected, look),
        _psnr_within(boxes, recovered, original.pixels),
        _psnr_within(boxes, wrong, original.pixels),
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
    """What the flow makes of the picture under another key.

    `recover` would refuse the password and show nothing.
    """
    flow = load_flow(model)
    pixels = protected.copy()
    for box in boxes:
        pad = keystream(os.urandom(32), flow.words(box.h, box.w))
        pixels[box.slices] = flow.reveal(protected[box.slices], pad)
    return pixels


def _psnr_within(boxes: Sequence[Box], a: Pixels, b: Pixels) -> float:
    """PSNR over the pixels of the boxes, which share none."""
    parts = [(a[box.slices].reshape(-1, 3), b[box.slices].reshape(-1, 3)) for box in boxes]
    return psnr(*(np.concatenate(side) for side in zip(*parts, strict=True)))


def _make_folder(folder: Path, names: Sequence[str], overwrite: bool) -> None:
    """Ready to write into; refused before any work if a name is taken."""
    from proface.media.output import output_error

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
