"""Export keys that open only the chosen faces of one file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from proface.container.header import Header
from proface.errors import UsageError, WrongPasswordError, numbered
from proface.files.access import (
    check_header,
    check_unaltered,
    face_keys,
    open_file_key,
    read_with_header,
)
from proface.keys import FaceKeys, Key


def export_faces(
    file: Path, key: Key, faces: Sequence[int], *, sidecar: Path | None = None
) -> FaceKeys:
    """Derive the keys of some faces of a protected file.

    Args:
        key: opens the file.
        faces: numbers of regions as shown by `inspect`. In a photo that was protected several
            times: of the latest protection that the key opens.

    Raises:
        UsageError: a face does not exist, or the file is deniable.
        WrongPasswordError, DamagedFileError, NotProtectedError: as `recover`.
    """
    photo, header = read_with_header(file, sidecar=sidecar)
    check_unaltered(photo, header)
    layer, file_key = _open_latest(header, key, photo.source)
    # The MAC of an earlier protection covers a digest that only the later key opens. Unverified, a
    # forged entry yields a key that opens nothing: number and size are part of its derivation.
    if layer.rest_sha256 is not None:
        check_header(layer, file_key, photo.source)
    known = [region.n for region in layer.regions]
    for number in faces:
        if number not in known:
            raise UsageError(
                f"{file}: there is no face {number}. The file has {numbered('face', known)}."
            )
    return FaceKeys([face for face in face_keys(layer, file_key) if face.n in faces])


def _open_latest(header: Header, key: Key, source: str) -> tuple[Header, bytes]:
    """The latest protection that the key opens, and its file key."""
    for layer in header.chain:
        if layer.scheme == "deniable":
            raise UsageError(
                f"{source}: the file is deniable, so that keys of its faces could not be checked. "
                "Recover it, and protect it without option `deniable`."
            )
        try:
            return layer, open_file_key(layer, key, source)
        except WrongPasswordError:
            if layer.previous is None:
                raise
    raise AssertionError("a chain has at least one header")
