"""What a region says of itself in its own pixels: enough to recover it without any header.

110 bytes in clear, as a header is; docs/FORMAT.md specifies them. Numbers are big-endian.

    version 1, flags 1, model 4, file 4, regions 2, region 2, x 2, y 2, w 2, h 2, width 2,
    height 2, memory 1, iterations 1, lanes 1, keys 1, salt 16, nonce 16, wrapped 48

A file with several keys names one of them in each region, in turn.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from proface.errors import UsageError
from proface.media import base64_text

VERSION = 1
_LAYOUT = struct.Struct(">BB4s4s8HBBBB16s16s48s")
SIZE = _LAYOUT.size
FILE = slice(6, 10)  # the place of the protection's 4 bytes, which no header has
_N, _X, _Y, _W, _H, _KEYS = 5, 6, 7, 8, 9, 15  # places of fields
_GREY, _KEY_FILE, _COMMITS = 1, 2, 4  # flags; the last: the stanza is of version 2


@dataclass(frozen=True)
class PixelDescription:
    """One region's description.

    Attributes:
        model: first 4 bytes of the model's digest.
        file: 4 bytes that all regions of one protection share.
        count, n: how many regions there are, and this one's number.
        x, y, w, h: the region, in pixels of the whole picture.
        size: width and height of the whole picture.
        photo_mode: as in `Header`.
        keys: how many keys open the file.
        stanza: one of them, as in a header.
    """

    model: bytes
    file: bytes
    count: int
    n: int
    x: int
    y: int
    w: int
    h: int
    size: tuple[int, int]
    photo_mode: Literal["RGB", "L"]
    keys: int
    stanza: Mapping[str, Any]

    def to_bytes(self) -> bytes:
        """The 110 bytes.

        Raises:
            UsageError: a number is too large, or the costs of the key derivation are unusual.
        """
        stanza = self.stanza
        is_file = stanza["type"] == "keyfile"
        kdf = {} if is_file else stanza["kdf"]
        salt = base64_text.decode(stanza["salt"] if is_file else kdf["salt"])
        memory = int(kdf.get("memory_kib", 1))
        if memory & (memory - 1):
            raise UsageError(
                "The robust flow needs a key derivation whose memory is a power of two, in KiB."
            )
        flags = (_GREY if self.photo_mode == "L" else 0) | (_KEY_FILE if is_file else 0)
        flags |= _COMMITS if "version" in stanza else 0
        costs = memory.bit_length() - 1, int(kdf.get("iterations", 1)), int(kdf.get("lanes", 1))
        numbers = self.count, self.n, self.x, self.y, self.w, self.h, *self.size
        secrets = (base64_text.decode(stanza[name]) for name in ("nonce", "wrapped"))
        try:
            return _LAYOUT.pack(
                *(VERSION, flags, self.model, self.file, *numbers, *costs, self.keys),
                *(salt, *secrets),
            )
        except struct.error:
            raise UsageError(
                "The robust flow holds pictures of at most 65,535 pixels a side. Use the model "
                "padded, and PNG."
            ) from None


def parse_description(data: bytes) -> PixelDescription | None:
    """The description in the public bytes of a region; None if they are none."""
    version, flags, model, file, count, n, *rest = _LAYOUT.unpack(data[:SIZE])
    x, y, w, h, width, height, *rest = rest
    memory, iterations, lanes, keys, salt, nonce, wrapped = rest
    inside = 0 < w <= width - x and 0 < h <= height - y
    numbered = 1 <= n <= count and keys >= 1
    if version != VERSION or flags > (_GREY | _KEY_FILE | _COMMITS) or memory > 30:
        return None
    if not inside or not numbered:
        return None
    text = base64_text.encode
    how: dict[str, Any] = {"salt": text(salt)}
    if not flags & _KEY_FILE:
        costs = {"memory_kib": 1 << memory, "iterations": iterations, "lanes": lanes}
        how = {"kdf": {"name": "argon2id", **how, **costs}}
    stanza = {
        "type": "keyfile" if flags & _KEY_FILE else "password",
        **how,
        "nonce": text(nonce),
        **({"version": 2} if flags & _COMMITS else {}),
        "wrapped": text(wrapped),
    }
    mode: Literal["RGB", "L"] = "L" if flags & _GREY else "RGB"
    return PixelDescription(model, file, count, n, x, y, w, h, (width, height), mode, keys, stanza)


def of_another(data: bytes, x: int, y: int) -> tuple[bytes, bytes]:
    """What another region of the same protection, at x and y, says: bytes, and a mask.

    The mask has the bits that are sure: not those of the region's number and size, nor, with
    several keys, of the one that it names.
    """
    fields = list(_LAYOUT.unpack(data[:SIZE]))
    sure = [255, 255, b"\xff" * 4, b"\xff" * 4, *[0xFFFF] * 8, *[255] * 4]
    sure += [b"\xff" * len(secret) for secret in fields[-3:]]
    fields[_N], fields[_X], fields[_Y] = 0, x, y
    for place in (_N, _W, _H):
        sure[place] = 0
    if fields[_KEYS] > 1:
        sure[_KEYS + 1 :] = [bytes(len(secret)) for secret in fields[-3:]]
    return _LAYOUT.pack(*fields), _LAYOUT.pack(*sure)


def stanza_of(stanzas: Sequence[Mapping[str, Any]], n: int) -> Mapping[str, Any]:
    """The key that region n names."""
    return stanzas[(n - 1) % len(stanzas)]
