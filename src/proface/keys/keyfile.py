"""The text form of key files, and writing one that never replaces another.

    # proface key file. Whoever has it ...
    PROFACE-KEY-1 <32 bytes, base64url, 43 characters> <CRC-32 of "PROFACE-KEY-1 <base64url>", hex>

The first word names the kind and its version, and the checksum covers it: the other kind (keys of
single faces, `face_keys`) has another word, and neither can be mistaken for the other. The checksum
is there to find typing errors, not forgers: a forged key simply opens nothing.
"""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import zlib
from pathlib import Path

from proface.errors import DamagedFileError, OutputError, OutputExistsError, UsageError

WORD = "PROFACE-KEY-1"
FACE_WORD = "PROFACE-FACE-KEY-1"
_FAMILY = "PROFACE-"
# Enough for comments, and for a thousand faces; a photo given by mistake is not read to its end.
_MAX_BYTES = {WORD: 4096, FACE_WORD: 256 * 1024}
_COMMENT = (
    "# proface key file. Whoever has it can bring back the faces protected with it;\n"
    "# without it they are lost. Keep it secret, and keep a second copy.\n"
)


def encode(secret: bytes) -> str:
    """The key file's text for 32 secret bytes."""
    return f"{_COMMENT}{encode_line(WORD, secret)}\n"


def load(path: str | os.PathLike[str]) -> bytes:
    """Read the 32 secret bytes of a key file.

    Raises UsageError if the file cannot be read or is no key file of this kind, and
    DamagedFileError if its key line has been altered. No message shows any of its text.
    """
    lines = read_lines(path)
    if lines[0][0] == FACE_WORD:
        raise UsageError(
            f"{path}: this key file is of another kind: it opens single faces, for "
            f"`proface recover` alone. What works here starts with {WORD}."
        )
    if len(lines) > 1:
        raise DamagedFileError(f"{path}: a key file holds one key. Keep one key line in it.")
    return decode_line(lines[0], WORD, 32, path)


def encode_line(word: str, data: bytes) -> str:
    """A key line: the word, the bytes, the checksum over both."""
    words = f"{word} {_text(data)}"
    return f"{words} {_checksum(words)}"


def decode_line(words: list[str], word: str, length: int, path: str | os.PathLike[str]) -> bytes:
    """The `length` bytes of a key line's words.

    Raises UsageError for a line of another kind, DamagedFileError where a character is wrong.
    """
    if words[0] != word:
        raise UsageError(
            f"{path}: this key file is of another kind, or of a later version of proface. "
            f"What works here starts with {word}."
        )
    data = _decode(words, length)
    if data is None:
        raise DamagedFileError(
            f"{path}: the key line is incomplete or has a typing error (its checksum does not "
            "match). Compare it with another copy."
        )
    return data


def read_lines(path: str | os.PathLike[str]) -> list[list[str]]:
    """The words of each key line, at least one; comments and empty lines are left out.

    Raises UsageError if the file cannot be read or is no key file.
    """
    most = max(_MAX_BYTES.values())
    try:
        with open(path, "rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot read the key file ({error.strerror}). Check its name and rights."
        ) from None
    # An editor may add a byte order mark or other line ends; neither changes the key.
    lines = [line.split() for line in data.decode("utf-8-sig", "replace").splitlines()]
    lines = [words for words in lines if words and not words[0].startswith("#")]
    known = bool(lines) and lines[0][0].startswith(_FAMILY)
    if not known or len(data) > _MAX_BYTES.get(lines[0][0], _MAX_BYTES[WORD]):
        raise UsageError(
            f"{path}: this is no proface key file. Give one with a line that starts with {WORD}."
        )
    return lines


def _decode(words: list[str], length: int) -> bytes | None:
    characters = -(-length * 4 // 3)
    if len(words) != 3 or len(words[1]) != characters or not words[1].isascii():
        return None
    if _checksum(f"{words[0]} {words[1]}") != words[2]:
        return None
    try:
        data = base64.urlsafe_b64decode(words[1] + "=" * (-characters % 4))
    except ValueError:
        return None
    # Python leaves out characters that are no base64: a checksum that fits does not make them any.
    return data if _text(data) == words[1] else None


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


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
