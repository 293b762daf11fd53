"""The text form of a key file, and writing one that never replaces another.

    # proface key file. Whoever has it ...
    PROFACE-KEY-1 <32 bytes, base64url, 43 characters> <CRC-32 of "PROFACE-KEY-1 <base64url>", hex>

The first word names the kind and its version, and the checksum covers it: a later kind (a key that
opens one face) takes another word, and neither can be mistaken for the other. The checksum is there
to find typing errors, not forgers: a forged key simply opens nothing.
"""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import zlib
from pathlib import Path

from proface.errors import DamagedFileError, OutputError, OutputExistsError, UsageError

_WORD = "PROFACE-KEY-1"
_FAMILY = "PROFACE-"
_MAX_BYTES = 4096  # enough for comments; a photo given by mistake is not read to its end
_COMMENT = (
    "# proface key file. Whoever has it can bring back the faces protected with it;\n"
    "# without it they are lost. Keep it secret, and keep a second copy.\n"
)


def encode(secret: bytes) -> str:
    """The key file's text for 32 secret bytes."""
    words = f"{_WORD} {base64.urlsafe_b64encode(secret).decode('ascii').rstrip('=')}"
    return f"{_COMMENT}{words} {_checksum(words)}\n"


def load(path: str | os.PathLike[str]) -> bytes:
    """Read the 32 secret bytes of a key file.

    Raises UsageError if the file cannot be read or is no key file of this kind, and
    DamagedFileError if its key line has been altered. No message shows any of its text.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot read the key file ({error.strerror}). Check its name and rights."
        ) from None
    foreign = UsageError(
        f"{path}: this is no proface key file. Give one with a line that starts with {_WORD}."
    )
    if len(data) > _MAX_BYTES:
        raise foreign
    # An editor may add a byte order mark or other line ends; neither changes the key.
    lines = [line.split() for line in data.decode("utf-8-sig", "replace").splitlines()]
    lines = [words for words in lines if words and not words[0].startswith("#")]
    if not lines or not lines[0][0].startswith(_FAMILY):
        raise foreign
    if len(lines) > 1:
        raise DamagedFileError(f"{path}: a key file holds one key. Keep one key line in it.")
    if lines[0][0] != _WORD:
        raise UsageError(
            f"{path}: this key file is of another kind, or of a later version of proface. "
            f"What works here starts with {_WORD}."
        )
    secret = _decode(lines[0])
    if secret is None:
        raise DamagedFileError(
            f"{path}: the key line is incomplete or has a typing error (its checksum does not "
            "match). Compare it with another copy."
        )
    return secret


def _decode(words: list[str]) -> bytes | None:
    """The 32 bytes of a key line's words, or None where any character of it is wrong."""
    if len(words) != 3 or len(words[1]) != 43 or not words[1].isascii():
        return None
    if _checksum(f"{words[0]} {words[1]}") != words[2]:
        return None
    return base64.urlsafe_b64decode(words[1] + "=")


def _checksum(words: str) -> str:
    return f"{zlib.crc32(words.encode('ascii')):08x}"


def write_new(path: str | os.PathLike[str], text: str) -> None:
    """Write a file that only its owner can read: whole or not at all, never over another.

    Raises OutputExistsError if the name is taken (by a link, too), OutputError if the disk refuses.
    """
    target = Path(path)
    temporary = target.parent / f".proface-{secrets.token_hex(8)}.tmp"
    try:
        try:
            _write(temporary, text)
            _give_name(temporary, target)
        finally:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
    except FileExistsError:
        raise OutputExistsError(
            f"{path}: exists already, and a key file is never replaced. Choose another name."
        ) from None
    except OSError as error:
        raise OutputError(
            f"{path}: cannot write the key file ({error.strerror}). Choose another place."
        ) from None


def _write(path: Path, text: str) -> None:
    # The mode is set as the file is made: a moment in which others can read it would be enough.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "w", encoding="ascii", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _give_name(temporary: Path, target: Path) -> None:
    try:
        os.link(temporary, target)  # fails where the name is taken, in one step; a rename would not
    except FileExistsError:
        raise
    except OSError:
        # No hard links here (many USB sticks): take the name first, then replace our own file.
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        os.replace(temporary, target)
