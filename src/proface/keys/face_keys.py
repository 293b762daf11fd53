"""Keys that open single faces of single files, to be handed out one by one.

A file's face key is derived from its file key and cannot be turned back into it: whoever has one
opens that face, and learns nothing of the others. The key file has a line for each face:

    PROFACE-FACE-KEY-1 <116 bytes, base64url, 155 characters> <CRC-32 of the two words, hex>

    116 bytes = n, x, y, w, h (4 bytes each, big-endian), SHA-256 of the region's protected pixels,
                its "face" key, its "seal" key

The digest is what binds a line to its file: a pad never repeats, so no two files share it. It also
tells the holder, who cannot verify the header's MAC, that place and pixels are the ones meant.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from proface.errors import UsageError
from proface.keys import keyfile
from proface.keys.key import Key
from proface.keys.schedule import derive

_FORM = struct.Struct(">5I32s32s32s")
_COMMENT = (
    "# proface key of single faces. Whoever has it can bring back, each in its own photo,\n"
    "# {what}, and no other. Keep it secret.\n"
)


@dataclass(frozen=True)
class FaceKey:
    """What opens one face of one file. Shows neither of its secrets.

    Attributes:
        n, x, y, w, h: the region's number and place, as in the file's header.
        sha256: hex digest of the region's protected pixels.
        pad: 32 bytes, of which the pad is made.
        seal: 32 bytes, under which the original pixels are sealed where the file is exact.
    """

    n: int
    x: int
    y: int
    w: int
    h: int
    sha256: str
    pad: bytes = field(repr=False)
    seal: bytes = field(repr=False)

    @classmethod
    def derive(
        cls, file_key: bytes, model: str, *, n: int, x: int, y: int, w: int, h: int, sha256: str
    ) -> FaceKey:
        """The key of region n. model: the flow's digest, hex."""
        pad, seal = (
            derive(file_key, purpose, model=model, face=n, height=h, width=w)
            for purpose in ("face", "seal")
        )
        return cls(n, x, y, w, h, sha256, pad, seal)

    def __reduce__(self) -> NoReturn:
        raise TypeError("A FaceKey is secret and cannot be pickled or copied.")


class FaceKeys:
    """The keys of one or more faces, as a key file holds them: of one photo or of several."""

    def __init__(self, keys: Sequence[FaceKey]) -> None:
        if not keys:
            raise UsageError("A key file of single faces needs at least one face.")
        self._keys = tuple(keys)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> FaceKeys:
        """Read what `save` wrote.

        Raises UsageError if it cannot be read or is no such file, DamagedFileError if it was
        altered (a checksum finds typing errors).
        """
        return cls([_decode(words, path) for words in keyfile.read_lines(path)])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a new text file that only its owner can read (mode 0600).

        Raises OutputExistsError rather than replace a file, OutputError if it cannot be written.
        """
        numbers = ", ".join(str(key.n) for key in self._keys)
        what = f"face {numbers}" if len(self._keys) == 1 else f"the faces {numbers}"
        lines = [keyfile.encode_line(keyfile.FACE_WORD, _encode(key)) for key in self._keys]
        keyfile.write_new(path, _COMMENT.format(what=what) + "\n".join(lines) + "\n")

    @property
    def faces(self) -> tuple[FaceKey, ...]:
        """The keys, in the file's order."""
        return self._keys

    def __repr__(self) -> str:
        return f"<FaceKeys of {len(self._keys)} face(s)>"


def load_key_file(path: str | os.PathLike[str]) -> Key | FaceKeys:
    """Read a key file of either kind; what was not meant raises as `from_file` of each does."""
    if keyfile.read_lines(path)[0][0] == keyfile.FACE_WORD:
        return FaceKeys.from_file(path)
    return Key.from_file(path)


def _encode(key: FaceKey) -> bytes:
    place = (key.n, key.x, key.y, key.w, key.h)
    return _FORM.pack(*place, bytes.fromhex(key.sha256), key.pad, key.seal)


def _decode(words: list[str], path: str | os.PathLike[str]) -> FaceKey:
    data = keyfile.decode_line(words, keyfile.FACE_WORD, _FORM.size, path)
    *place, digest, pad, seal = _FORM.unpack(data)
    n, x, y, w, h = place
    return FaceKey(n, x, y, w, h, digest.hex(), pad, seal)
