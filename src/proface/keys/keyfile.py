"""Read and write key files.

    # proface key file. Anyone who has it ...
    PROFACE-KEY-1 <32 bytes, base64url, 43 characters> <CRC-32 of "PROFACE-KEY-1 <base64url>", hex>

The first word names the kind of key file and its version, and the checksum covers it, so that a
key file of single faces (`face_keys`) cannot be mistaken for a whole key. The checksum detects
typing errors, not forgery: a forged key opens nothing.
"""

from __future__ import annotations

import base64
import os
import zlib

from proface.errors import DamagedFileError, OutputExistsError, UsageError
from proface.media.atomic_output import atomic_output

WORD = "PROFACE-KEY-1"
FACE_WORD = "PROFACE-FACE-KEY-1"
TRACK_WORD = "PROFACE-TRACK-KEY-1"  # of one person in one video
_FAMILY = "PROFACE-"
# Room for comments and a thousand faces; a photo given by mistake is not read in full.
_MAX_BYTES = {WORD: 4096, FACE_WORD: 256 * 1024, TRACK_WORD: 256 * 1024}
_COMMENT = (
    "# proface key file. Anyone who has it can recover the faces protected with it;\n"
    "# without it they are lost. Keep it secret, and keep a second copy.\n"
)


def encode(secret: bytes) -> str:
    """Format 32 secret bytes as the text of a key file."""
    return f"{_COMMENT}{encode_line(WORD, secret)}\n"


def load(path: str | os.PathLike[str]) -> bytes:
    """Read the 32 secret bytes of a key file.

    Raises UsageError if the file cannot be read or is not a key file of this kind, and
    DamagedFileError if its key line was altered. No message shows the file's text.
    """
    return decode_key(read_lines(path), path)


def decode_key(lines: list[list[str]], path: str | os.PathLike[str]) -> bytes:
    """The 32 secret bytes in the lines of a key file; raises as `load`. path: for messages."""
    if lines[0][0] in (FACE_WORD, TRACK_WORD):
        raise UsageError(
            f"{path}: this key file is of another kind: it opens single faces and works with "
            f"`proface recover` only. Give one that starts with {WORD}."
        )
    if len(lines) > 1:
        raise DamagedFileError(f"{path}: the key file has several keys. Keep one key line in it.")
    return decode_line(lines[0], WORD, 32, path)


def encode_line(word: str, data: bytes) -> str:
    """Format a key line: the word, the bytes, the checksum of both."""
    line = f"{word} {_text(data)}"
    return f"{line} {_checksum(line)}"


def decode_line(words: list[str], word: str, length: int, path: str | os.PathLike[str]) -> bytes:
    """Decode a key line, split into words, to `length` bytes.

    Raises UsageError for a line of another kind, DamagedFileError if a character is wrong.
    """
    if words[0] != word:
        raise UsageError(
            f"{path}: this key file is of another kind, or of a later version of proface. "
            f"Give one that starts with {word}."
        )
    data = _decode(words, length)
    if data is None:
        raise DamagedFileError(
            f"{path}: the key line is incomplete or has a typing error (its checksum does not "
            "match). Compare it with another copy."
        )
    return data


def read_lines(path: str | os.PathLike[str]) -> list[list[str]]:
    """The words of each key line, at least one; comments and empty lines are skipped.

    Raises UsageError if the file cannot be read or is not a key file.
    """
    return parse_lines(read_bytes(path), path)


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a key file, of a larger file a few more than one can have.

    Raises UsageError if it cannot be read.
    """
    most = max(_MAX_BYTES.values())
    try:
        with open(path, "rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot read the key file ({error.strerror}). Check its name and permissions."
        ) from None


def parse_lines(data: bytes, path: str | os.PathLike[str]) -> list[list[str]]:
    """As `read_lines`, of a key file in memory. path: its name for messages."""
    # Editors may add a byte order mark or change line endings; neither changes the key.
    lines = [line.split() for line in data.decode("utf-8-sig", "replace").splitlines()]
    lines = [words for words in lines if words and not words[0].startswith("#")]
    known = bool(lines) and lines[0][0].startswith(_FAMILY)
    if not known or len(data) > _MAX_BYTES.get(lines[0][0], _MAX_BYTES[WORD]):
        raise UsageError(
            f"{path}: this is not a proface key file. Give one with a line that starts with {WORD}."
        )
    return lines


def is_key_file(data: bytes) -> bool:
    """Whether a file's bytes are those of a key file, of whatever kind."""
    try:
        parse_lines(data, "")
    except UsageError:
        return False
    return True


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
    # The decoder skips characters outside base64, so the canonical form is compared.
    return data if _text(data) == words[1] else None


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _checksum(words: str) -> str:
    return f"{zlib.crc32(words.encode('ascii')):08x}"


def write_new(path: str | os.PathLike[str], text: str) -> None:
    """Write a key file atomically with mode 0600, never over an existing file.

    Raises OutputExistsError if the name exists (even as a link), OutputError if writing fails.
    """
    try:
        with atomic_output(path, mode=0o600) as temporary:
            temporary.write_text(text, encoding="ascii", newline="\n")
    except OutputExistsError:
        raise OutputExistsError(
            f"{path}: the file exists already, and key files are never replaced. "
            "Choose another name."
        ) from None
