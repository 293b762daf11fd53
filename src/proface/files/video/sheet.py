"""A contact sheet of a video's tracks: the best view of each, its number and times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from proface.container.storage import write_photo
from proface.files.video.survey import Survey
from proface.media.atomic_output import atomic_output
from proface.media.photo import Photo

_SIDE, _TEXT, _GAP, _COLUMNS = 112, 44, 16, 6
_PAPER, _INK, _FAINT = (255, 255, 255), (20, 20, 20), (110, 110, 110)


def write_sheet(survey: Survey, path: Path, *, overwrite: bool) -> None:
    """Write the sheet as a lossless image.

    Raises:
        OutputExistsError, OutputError: it cannot be written.
    """
    count = max(1, len(survey.tracks))
    columns = min(count, _COLUMNS)
    rows = -(-count // columns)
    size = columns * (_SIDE + _GAP) + _GAP, rows * (_SIDE + _TEXT + _GAP) + _GAP
    sheet = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(sheet)
    large, small = ImageFont.load_default(16), ImageFont.load_default(12)
    for place, track in enumerate(survey.tracks):
        x = _GAP + place % columns * (_SIDE + _GAP)
        y = _GAP + place // columns * (_SIDE + _TEXT + _GAP)
        if track.thumbnail is None:
            pen.rectangle((x, y, x + _SIDE - 1, y + _SIDE - 1), outline=_FAINT)
            pen.text((x + 8, y + 46), "region by hand", _FAINT, small)
        else:
            face = Image.fromarray(track.thumbnail)
            sheet.paste(face, (x + (_SIDE - face.width) // 2, y + _SIDE - face.height))
        hidden = "" if not track.left_out else "  not hidden"
        pen.text((x, y + _SIDE + 4), f"{track.n}{hidden}", _INK, large)
        times = (survey.seconds(frame) for frame in track.track.seen)
        pen.text((x, y + _SIDE + 24), " to ".join(f"{t:.1f} s" for t in times), _FAINT, small)
    with atomic_output(path, overwrite=overwrite) as temporary:
        write_photo(Photo(np.asarray(sheet)), temporary)
