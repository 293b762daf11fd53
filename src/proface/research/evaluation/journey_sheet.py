"""The demo's second sheet: what comes back after a service has saved a protected JPEG again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from proface.files.protect import protect
from proface.files.recover import recover
from proface.keys import KdfParameters, Key
from proface.media.atomic_output import atomic_output
from proface.media.photo import Photo, read_photo
from proface.options import Options
from proface.research.evaluation.contact_sheet import Cell, contact_sheet, crop_around
from proface.research.evaluation.metrics import psnr_within
from proface.types import Box

LOOKS = ("blur", "pixelate", "mask")
HEADINGS = ("original", "protected JPEG", "after JPEG 75, no header", "recovered")
SHEET = "journey.png"
QUALITY = 75
_PARTS = ("", "-shared", "-recovered")


def file_names() -> list[str]:
    """The names of all files that `show_journey` makes."""
    return [SHEET, *(f"journey-{look}{part}.jpg" for look in LOOKS for part in _PARTS)]


def show_journey(photo: Path, folder: Path, password: str, *, overwrite: bool = False) -> Path:
    """Protect a photo as JPEG, save it again as services do, recover it, and draw the sheet.

    Args:
        photo: with a face.
        folder: exists.
        password: opens the files.
        overwrite: replace files of an earlier demo.

    Returns:
        The path of the sheet.
    """
    original = read_photo(photo)
    key, kdf = Key.from_password(password), KdfParameters.fresh()
    rows = []
    for look in LOOKS:
        path, shared, back = (folder / f"journey-{look}{part}.jpg" for part in _PARTS)
        result = protect(photo, key, Options(jpeg=True, look=look), kdf=kdf)
        result.save(path, overwrite=overwrite)
        _save_again(path, shared, overwrite)
        recover(shared, key).save(back, overwrite=overwrite)
        boxes = [region.box for region in result.regions]
        rows.append(_row(original, boxes, look, (path, shared, back)))
    with atomic_output(folder / SHEET, overwrite=overwrite) as temporary:
        contact_sheet(HEADINGS, rows).save(temporary, "PNG", optimize=True)
    return folder / SHEET


def _save_again(path: Path, target: Path, overwrite: bool) -> None:
    """As a service does: pixels alone, compressed again."""
    with Image.open(path) as image, atomic_output(target, overwrite=overwrite) as temporary:
        image.convert("RGB").save(temporary, "JPEG", quality=QUALITY)


def _row(
    original: Photo, boxes: Sequence[Box], look: str, files: tuple[Path, Path, Path]
) -> list[Cell]:
    area = crop_around(boxes, original.size).slices
    protected, shared, back = (read_photo(file).pixels for file in files)
    return [
        Cell(original.pixels[area]),
        Cell(protected[area], look),
        Cell(shared[area], f"{files[1].stat().st_size / 1024:.0f} KB", "pixels alone"),
        Cell(back[area], f"{psnr_within(boxes, original.pixels, back):.1f} dB", "to the original"),
    ]
