"""Handing out single faces: keys that open these, of one file, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from proface.errors import UsageError, WrongPasswordError
from proface.keys import FaceKeys, Key
from proface.media import Header
from proface.opening import altered, altered_header, open_file_key, read_with_header
from proface.revealing import face_key, numbers


def export_faces(
    file: Path, key: Key, faces: Sequence[int], *, sidecar: Path | None = None
) -> FaceKeys:
    """The keys of some faces of a protected file; the file is not touched.

    Args:
        key: opens the file.
        faces: the regions' numbers, as `inspect` shows them. Of a photo that was protected more
            than once: those of the last protection that the key opens.

    Raises:
        UsageError: there is no such face, or the file is deniable.
        WrongPasswordError, DamagedFileError, NotProtectedError: as `recover`.
    """
    photo, header = read_with_header(file, sidecar=sidecar)
    altered(photo, header)
    layer, file_key = _open_a_layer(header, key, photo.source)
    altered_header(layer, file_key, photo.source, force=False)
    regions = {region.n: region for region in layer.regions}
    for number in faces:
        if number not in regions:
            raise UsageError(
                f"{file}: there is no face {number}. The file has {numbers(layer.regions)}."
            )
    # Each once, in the file's order.
    chosen = [region for region in layer.regions if region.n in set(faces)]
    return FaceKeys([face_key(layer, region, file_key) for region in chosen])


def _open_a_layer(header: Header, key: Key, source: str) -> tuple[Header, bytes]:
    """The last protection that the key opens, and its file key."""
    for layer in header.chain:
        if layer.scheme == "deniable":
            # Nothing tells whether the password is right: the key of a face might open nothing.
            raise UsageError(
                f"{source}: is deniable: nothing would tell whether the key of a face is a right "
                "one. Recover it, and protect it without --deniable."
            )
        try:
            return layer, open_file_key(layer, key, source)
        except WrongPasswordError:
            if layer.previous is None:
                raise
    raise AssertionError("a chain has at least one header")
