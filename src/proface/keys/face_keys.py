"""Keys that each open one face of one file, so that faces can be shared one by one.

A face key is derived one-way from the file key: its holder opens that face and learns nothing
about the others. The key file has one line per face:

    PROFACE-FACE-KEY-1 <116 bytes, base64url, 155 characters> <CRC-32 of the two words, hex>

    116 bytes = n, x, y, w, h (4 bytes each, big-endian), SHA-256 of the region's protected pixels,
                its "face" key, its "seal" key

The digest binds a line to its file: pads never repeat, so no two files have the same digest. It
also lets the holder, who cannot verify the header's MAC, check the region's place and pixels.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from proface.errors import UsageError, numbered
from proface.keys import keyfile
from proface.keys.schedule import derive
from proface.types import Box, Region

_LAYOUT = struct.Struct(">5I32s32s32s")
_COMMENT = (
    "# proface key of single faces. Anyone who has it can recover, each in its own photo,\n"
    "# {what}, and no other face. Keep it secret.\n"
)


@dataclass(frozen=True)
class FaceKey:
    """The keys of one face of one file. `repr` omits the secrets.

    Attributes:
        n, box: the region's number and place, as in the file's header.
        sha256: hex digest of the region's protected pixels.
        pad: 32-byte key of the region's keystream.
        seal: 32-byte key that seals the region's original pixels, if the file is exact.
    """

    n: int
    box: Box
    sha256: str
    pad: bytes = field(repr=False)
    seal: bytes = field(repr=False)

    @classmethod
    def derive(cls, file_key: bytes, model: str, region: Region) -> FaceKey:
        """Derive the keys of a region. model: the flow's digest, hex."""
        pad, seal = (
            derive(file_key, use, model=model, face=region.n, height=region.h, width=region.w)
            for use in ("face", "seal")
        )
        return cls(region.n, region.box, region.sha256, pad, seal)

    def __reduce__(self) -> NoReturn:
        raise TypeError("A FaceKey is secret and cannot be pickled or copied.")


class FaceKeys:
    """The keys of one or more faces, of one photo or several, as stored in a key file."""

    def __init__(self, keys: Sequence[FaceKey]) -> None:
        if not keys:
            raise UsageError("A key file of single faces needs at least one face.")
        self._keys = tuple(keys)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> FaceKeys:
        """Read what `save` wrote.

        Raises UsageError if it cannot be read or is not such a file, DamagedFileError if it was
        altered (a checksum detects typing errors).
        """
        return cls([_decode(words, path) for words in keyfile.read_lines(path)])

    @classmethod
    def from_bytes(cls, data: bytes, name: str) -> FaceKeys:
        """As `from_file`, of a key file in memory. name: of the file, for messages."""
        return cls([_decode(words, name) for words in keyfile.parse_lines(data, name)])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a new text file with mode 0600.

        Raises OutputExistsError if the file exists, OutputError if it cannot be written.
        """
        keyfile.write_new(path, self.to_text())

    def to_text(self) -> str:
        """The text of the key file: secret."""
        numbers = ", ".join(str(key.n) for key in self._keys)
        what = f"face {numbers}" if len(self._keys) == 1 else f"the faces {numbers}"
        lines = [keyfile.encode_line(keyfile.FACE_WORD, _encode(key)) for key in self._keys]
        return _COMMENT.format(what=what) + "\n".join(lines) + "\n"

    @property
    def faces(self) -> tuple[FaceKey, ...]:
        """The keys, in the file's order."""
        return self._keys

    def describe(self) -> str:
        """Name the faces: "face 3", "faces 1, 3"."""
        return numbered("face", [key.n for key in self._keys])

    def __repr__(self) -> str:
        return f"<FaceKeys of {len(self._keys)} face(s)>"


def _encode(key: FaceKey) -> bytes:
    box = key.box
    place = (key.n, box.x, box.y, box.w, box.h)
    return _LAYOUT.pack(*place, bytes.fromhex(key.sha256), key.pad, key.seal)


def _decode(words: list[str], path: str | os.PathLike[str]) -> FaceKey:
    data = keyfile.decode_line(words, keyfile.FACE_WORD, _LAYOUT.size, path)
    n, x, y, w, h, digest, pad, seal = _LAYOUT.unpack(data)
    return FaceKey(n, Box(x, y, w, h), digest.hex(), pad, seal)
