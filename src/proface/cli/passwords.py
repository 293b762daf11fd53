"""Read the password from a file, the environment, a descriptor or the terminal.

Never from the command line, which other users can see. No message or exception contains it.
"""

from __future__ import annotations

import codecs
import getpass
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from proface.cli.output import complain
from proface.errors import UsageError

if TYPE_CHECKING:
    from proface.keys import FaceKeys, Key, TrackKeys

MOST_BYTES = 64 * 1024  # a photo given by mistake is not read in full
ATTEMPTS = 3
_MARK = "\ufeff"
_MARKS = (  # UTF-32 first: its little-endian mark begins as UTF-16's does
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class PasswordSource:
    """The password options: at most one is given; if none is, the user is asked."""

    file: Path | None = None
    env: str | None = None
    descriptor: int | None = None
    key_file: Path | None = None

    def __post_init__(self) -> None:
        given = [value for value in vars(self).values() if value is not None]
        if len(given) > 1:
            raise UsageError(
                "Give only one of --password-file, --password-env, --password-fd and --key-file."
            )

    @property
    def asks(self) -> bool:
        """Whether the user will be asked."""
        return all(value is None for value in vars(self).values())

    def read(self, *, twice: bool = False) -> Key:
        """Read the key.

        Args:
            twice: ask twice, as the faces are lost after a typing error.

        Raises:
            UsageError: the password is missing or empty, or cannot be asked for.
            DamagedFileError: the key file has a typing error.
        """
        from proface.keys import Key

        if self.key_file is not None:
            return Key.from_file(self.key_file)
        text = self._text(twice)
        key = Key.from_password(text.removeprefix(_MARK))
        # Up to version 0.1.0 the mark was part of the password.
        return key.with_former(Key.from_password(text)) if text.startswith(_MARK) else key

    def read_any(self) -> Key | FaceKeys | TrackKeys:
        """Read the key, or the keys of single faces in a key file."""
        from proface.keys import load_key_file

        return self.read() if self.key_file is None else load_key_file(self.key_file)

    def _text(self, twice: bool) -> str:
        if self.file is not None:
            data = _from_file(self.file)
            _refuse_key_file(data, self.file)
            return _decoded(data, str(self.file))
        if self.env is not None:
            if self.env not in os.environ:
                raise UsageError(
                    f"--password-env {self.env}: this environment variable is not set. Set it."
                )
            return os.environ.pop(self.env)  # processes started from here on do not inherit it
        if self.descriptor is not None:
            data = _from_descriptor(self.descriptor)
            return _decoded(data, f"descriptor {self.descriptor}")
        return ask(twice=twice)


def read_also(password_files: Sequence[Path] | None, key_files: Sequence[Path] | None) -> list[Key]:
    """Read the additional keys of a file, passwords first.

    Raises:
        UsageError, DamagedFileError: as `PasswordSource.read`.
    """
    sources = [PasswordSource(file=path) for path in password_files or ()]
    sources += [PasswordSource(key_file=path) for path in key_files or ()]
    return [source.read() for source in sources]


def ask(*, twice: bool, what: str = "Password") -> str:
    """Ask on the terminal without echo; with `twice`, until both entries match."""
    for _ in range(ATTEMPTS):
        first = _ask_once(f"{what}: ")
        if not first or not twice or _ask_once(f"{what} again: ") == first:
            return first
        print("They differ.", flush=True)
    raise UsageError("The two passwords differ. Run the command again.")


def _ask_once(prompt: str) -> str:
    with warnings.catch_warnings():
        # Without a terminal getpass would warn and echo the password.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(prompt)
        except (getpass.GetPassWarning, EOFError):
            raise UsageError(
                "There is no terminal to ask for the password. Give --password-file, "
                "--password-env, --password-fd or --key-file."
            ) from None
        except UnicodeDecodeError:
            raise UsageError(
                "The password is not valid UTF-8 text. Check the encoding of the terminal."
            ) from None


def _from_file(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"{path}: the password file cannot be read ({error.strerror}). Check its name."
        ) from None


def _refuse_key_file(data: bytes, path: Path) -> None:
    """Its text as a password would open other files than the key in it."""
    from proface.keys import is_key_file

    if is_key_file(data):
        raise UsageError(f"{path}: is a key file, not a password. Give it with --key-file.")


def _from_descriptor(descriptor: int) -> bytes:
    try:
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(MOST_BYTES + 1)
    except (OSError, ValueError):
        raise UsageError(f"--password-fd {descriptor}: cannot be read. Is it open?") from None


def _decoded(data: bytes, where: str) -> str:
    """Decode a password's file without the final newline that editors and `echo` add.

    UTF-8, or whatever a byte-order mark says. That of UTF-8 stays for `read` to take off.
    """
    if len(data) > MOST_BYTES:
        raise UsageError(f"{where}: is over {MOST_BYTES // 1024} KiB. Is this the password file?")
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    # Not `strict`: the exception would carry the password.
    text = data.decode(encoding, "replace")
    if encoding != "utf-8" or text.startswith(_MARK):
        complain(f"{where}: the byte-order mark at its start is not part of the password.")
    if "\ufffd" in text and not _is_valid(data, encoding):
        raise UsageError(
            f"{where}: the password is not valid UTF-8 text. Check its encoding: give UTF-8, or "
            "UTF-16 with a byte-order mark."
        )
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


def _is_valid(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
