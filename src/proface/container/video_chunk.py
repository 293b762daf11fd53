"""`Chunk`: one face in one segment of a protected video. docs/FORMAT.md, section 14.

It holds the places of the face in the frames, in clear, and what is sealed of it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from proface.errors import DamagedFileError

SALT_BYTES = 16
_CHUNK = struct.Struct(">IIIIHH16s")


@dataclass(frozen=True)
class Chunk:
    """One face in one segment.

    Attributes:
        track, number: the track's and the segment's number.
        first: the first frame.
        size: width and height of the window around the face, the same in all its frames.
        places: int, frames x 2: the window's x and y in each frame.
        salt: 16 random bytes, for the pads of the segment's frames.
        sealed: the sealed pictures of the face; of none with "pixels".
    """

    track: int
    number: int
    first: int
    size: tuple[int, int]
    places: NDArray[np.int64]
    salt: bytes
    sealed: bytes = b""

    def clear_bytes(self) -> bytes:
        """What is not sealed, as written; authenticated with the seal."""
        head = (self.track, self.number, self.first, len(self.places), *self.size, self.salt)
        return _CHUNK.pack(*head) + self.places.astype(">u2").tobytes()

    def to_bytes(self) -> bytes:
        """Encode for the file."""
        return self.clear_bytes() + self.sealed

    @classmethod
    def from_bytes(cls, data: bytes, size: tuple[int, int]) -> Chunk:
        """Parse an untrusted chunk of a video of this width and height.

        Raises:
            DamagedFileError: it was truncated, or a place is outside the picture.
        """
        if len(data) >= _CHUNK.size:
            track, number, first, count, w, h, salt = _CHUNK.unpack_from(data)
            end = _CHUNK.size + 4 * count
            if len(data) >= end and 0 < w <= size[0] and 0 < h <= size[1]:
                pairs = np.frombuffer(data[_CHUNK.size : end], ">u2").reshape(count, 2)
                places = pairs.astype(np.int64)
                inside = np.all(places + np.array([w, h]) <= np.array(size)) and not np.any(
                    places % 2
                )
                if count and inside and not (w % 2 or h % 2):
                    return cls(track, number, first, (w, h), places, salt, data[end:])
        raise DamagedFileError("A chunk of the file was truncated or altered.")
