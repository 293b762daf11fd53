"""Keys of single faces in a video: one secret for a track, and a subkey for each use of it.

    file key --HKDF "track", n--> secret of track n --HKDF "chunk", number--> seals that chunk
                                                   '-HKDF "frame", model, frame, H, W, salt--> pad

A frame's pad is bound to the frame's number, and to the random salt of the segment in which it was
coded: a segment that is coded again after an interruption gets another salt, so that no keystream
is used twice even if something changed in between.

The key file has one line per track:

    PROFACE-TRACK-KEY-1 <52 bytes, base64url> <CRC-32 of the two words, hex>
    52 bytes = n (4 bytes, big-endian), the video's id (16), the secret (32)
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from proface.errors import UsageError, numbered
from proface.keys import keyfile
from proface.keys.face_keys import FaceKeys
from proface.keys.hkdf import subkey
from proface.keys.key import Key

# A track of this number is none: regions that cover several faces are opened by the file key only.
SHARED = 0
_LAYOUT = struct.Struct(">I16s32s")
_COMMENT = (
    "# proface key of single faces in a video. Anyone who has it can recover {what} there,\n"
    "# and no other face. Keep it secret.\n"
)


@dataclass(frozen=True)
class TrackKey:
    """The key of one face in one video. `repr` omits the secret.

    Attributes:
        n: the track's number, from 1.
        video: the video's random id, 16 bytes.
        secret: 32 bytes.
    """

    n: int
    video: bytes
    secret: bytes = field(repr=False)

    @classmethod
    def derive(cls, file_key: bytes, video: bytes, n: int) -> TrackKey:
        """Derive the key of track n from the file key."""
        return cls(n, video, subkey(file_key, "track", n))

    def chunk_key(self, number: int) -> bytes:
        """The 32-byte key that seals chunk `number` of the track."""
        return subkey(self.secret, "chunk", number)

    def frame_key(self, frame: int, *, model: str, height: int, width: int, salt: bytes) -> bytes:
        """The 32-byte key of the keystream that hides the face in one frame.

        frame: its number in the video, from 0. model: the flow's digest, hex. salt: random, new
        whenever a segment is coded.
        """
        return subkey(self.secret, "frame", model, frame, height, width, salt=salt)

    def __reduce__(self) -> NoReturn:
        raise TypeError("A TrackKey is secret and cannot be pickled or copied.")


class TrackKeys:
    """The keys of one or more tracks, of one video or several, as stored in a key file."""

    def __init__(self, keys: Sequence[TrackKey]) -> None:
        if not keys:
            raise UsageError("A key file of single faces needs at least one face.")
        self._keys = tuple(keys)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> TrackKeys:
        """Read what `save` wrote; raises as `FaceKeys.from_file`."""
        return cls([_decode(words, path) for words in keyfile.read_lines(path)])

    @classmethod
    def from_bytes(cls, data: bytes, name: str) -> TrackKeys:
        """As `from_file`, of a key file in memory. name: of the file, for messages."""
        return cls([_decode(words, name) for words in keyfile.parse_lines(data, name)])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a new text file with mode 0600; raises as `FaceKeys.save`."""
        lines = [keyfile.encode_line(keyfile.TRACK_WORD, _encode(key)) for key in self._keys]
        text = _COMMENT.format(what=self.describe()) + "\n".join(lines) + "\n"
        keyfile.write_new(path, text)

    @property
    def tracks(self) -> tuple[TrackKey, ...]:
        """The keys, in the file's order."""
        return self._keys

    def describe(self) -> str:
        """Name the faces: "face 3", "faces 1, 3"."""
        return numbered("face", [key.n for key in self._keys])

    def __repr__(self) -> str:
        return f"<TrackKeys of {len(self._keys)} face(s)>"


def load_key_file(path: str | os.PathLike[str]) -> Key | FaceKeys | TrackKeys:
    """Read a key file of any kind; raises as `Key.from_file` and `FaceKeys.from_file` do."""
    return parse_key_file(keyfile.read_bytes(path), os.fspath(path))


def parse_key_file(data: bytes, name: str) -> Key | FaceKeys | TrackKeys:
    """As `load_key_file`, of a key file in memory. name: of the file, for messages."""
    word = keyfile.parse_lines(data, name)[0][0]
    if word == keyfile.FACE_WORD:
        return FaceKeys.from_bytes(data, name)
    if word == keyfile.TRACK_WORD:
        return TrackKeys.from_bytes(data, name)
    return Key.from_bytes(data, name)


def _encode(key: TrackKey) -> bytes:
    return _LAYOUT.pack(key.n, key.video, key.secret)


def _decode(words: list[str], path: str | os.PathLike[str]) -> TrackKey:
    data = keyfile.decode_line(words, keyfile.TRACK_WORD, _LAYOUT.size, path)
    return TrackKey(*_LAYOUT.unpack(data))
