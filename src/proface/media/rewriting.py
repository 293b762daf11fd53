"""A new header for a protected file in place, its pixels as they are."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np

from proface.errors import CheckFailedError
from proface.media.container import header_places, read_protected, write_photo
from proface.media.header import Header
from proface.media.integrity import check_pixels
from proface.media.output import atomic_output
from proface.media.photo import Photo


def replace_header(path: Path, photo: Photo, header: Header, sidecar: Path | None = None) -> None:
    """Give a protected file another header, in the file, in its sidecar, or in both, as it was.

    The old file stays whole until the new one is written, flushed, read back and compared with it;
    then the name passes over at once. Rights are kept, and a link goes on leading there. A picture
    whose header is in a sidecar alone is not touched.

    Args:
        photo: the picture as `read_protected` gave it.
        header: the new one, of this picture.
        sidecar: as `read_protected` was given it.

    Raises:
        CheckFailedError: the new file was not read back as it was meant; the old one stays.
        OutputError: it cannot be written there.
    """
    data = header.to_bytes()
    inside, beside = header_places(path, sidecar)
    if inside:
        target = Path(os.path.realpath(path))
        with atomic_output(target, overwrite=True) as temporary:
            write_photo(photo, temporary, header=data)
            _compare(photo, header, temporary, path)
            shutil.copymode(target, temporary)
            if beside is not None:
                # Two headers that differ are damage. Without its sidecar the old file is whole, and
                # so is the new one: whenever this is interrupted, the file opens.
                os.unlink(beside)
    if beside is not None:
        target = Path(os.path.realpath(beside))
        with atomic_output(target, overwrite=True) as temporary:
            temporary.write_bytes(data)
            if target.exists():
                shutil.copymode(target, temporary)


def _compare(photo: Photo, header: Header, written: Path, path: Path) -> None:
    back, data = read_protected(written)
    same = (
        data == header.to_bytes()
        and np.array_equal(back.pixels, photo.pixels)
        and back.icc == photo.icc
        and check_pixels(header, back) is None
    )
    if not same:
        raise CheckFailedError(f"{path}: could not be written again as it is. It was left alone.")
