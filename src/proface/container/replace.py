"""Replace the header of a protected file in place."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np

from proface.container.digests import changes
from proface.container.header import Header
from proface.container.storage import header_places, read_protected, rewrite
from proface.errors import CheckFailedError
from proface.media.atomic_output import atomic_output
from proface.media.photo import Photo


def replace_header(path: Path, photo: Photo, header: Header, sidecar: Path | None = None) -> None:
    """Replace the header of a protected file wherever it is: in the file, its sidecar, or both.

    The new file is written, flushed, read back and compared before it atomically replaces the old
    one. Permissions are kept and symbolic links followed.

    Args:
        photo: the picture as returned by `read_protected`.
        header: the new header of this picture.
        sidecar: as given to `read_protected`.

    Raises:
        CheckFailedError: the new file differed when read back; the old one is unchanged.
        OutputError: it cannot be written.
    """
    data = header.to_bytes()
    inside, beside = header_places(path, sidecar)
    if inside:
        target = Path(os.path.realpath(path))
        with atomic_output(target, overwrite=True) as temporary:
            rewrite(target, photo, temporary, data)
            _compare(photo, header, temporary, path)
            shutil.copymode(target, temporary)
            if beside is not None:
                # Two different headers would be rejected. Old and new file are complete without the
                # sidecar, so an interruption at any point leaves a valid file.
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
        and not changes(header, back)
    )
    if not same:
        raise CheckFailedError(
            f"{path}: the new file differed when read back. The old one was left alone."
        )
