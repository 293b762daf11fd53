"""Where the password comes from. Never the command line, which other users of a machine can see.

No message and no exception raised here carries any of its text.
"""

from __future__ import annotations

import getpass
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from proface.errors import UsageError

if TYPE_CHECKING:
    from proface.keys import FaceKeys, Key

MOST_BYTES = 64 * 1024  # a photo given by mistake is not read to its end
ATTEMPTS = 3


@dataclass(frozen=True)
class PasswordSource:
    """The options that say where the password is; at most one is given, none means to ask."""

    file: Path | None = None
    env: str | None = None
    descriptor: int | None = None
    key_file: Path | None = None

    def __post_init__(self) -> None:
        given = [value for value in vars(self).values() if value is not None]
        if len(given) > 1:
            raise UsageError(
                "Give one of --password-file, --password-env, --password-fd and --key-file."
            )

    @property
    def asks(self) -> bool:
        """Whether the user will be asked."""
        return all(value is None for value in vars(self).values())

    def read(self, *, twice: bool = False) -> Key:
        """The key.

        Args:
            twice: ask a second time, since a typing error would lock the faces away.

        Raises:
            UsageError: there is no password, an empty one, or none can be asked for.
            DamagedFileError: a key file with a typing error.
        """
        from proface.keys import Key

        if self.key_file is not None:
            return Key.from_file(self.key_file)
        return Key.from_password(self._text(twice))

    def read_any(self) -> Key | FaceKeys:
        """The key, or the keys of single faces that a key file may hold instead."""
        from proface.keys import load_key_file

        return self.read() if self.key_file is None else load_key_file(self.key_file)

    def _text(self, twice: bool) -> str:
        if self.file is not None:
            return _decoded(_from_file(self.file), str(self.file))
        if self.env is not None:
            if self.env not in os.environ:
                raise UsageError(f"There is no environment variable {self.env}.")
            return os.environ[self.env]
        if self.descriptor is not None:
            data = _from_descriptor(self.descriptor)
            return _decoded(data, f"descriptor {self.descriptor}")
        return ask(twice=twice)


def further(password_files: Sequence[Path] | None, key_files: Sequence[Path] | None) -> list[Key]:
    """The keys that shall open a file too, passwords first.

    Raises:
        UsageError, DamagedFileError: as `PasswordSource.read`.
    """
    sources = [PasswordSource(file=path) for path in password_files or ()]
    sources += [PasswordSource(key_file=path) for path in key_files or ()]
    return [source.read() for source in sources]


def ask(*, twice: bool, what: str = "Password") -> str:
    """Ask on the terminal, unseen; with `twice`, until both agree."""
    for _ in range(ATTEMPTS):
        first = _ask_once(f"{what}: ")
        if not first or not twice or _ask_once(f"{what} again: ") == first:
            return first
        print("They differ.", flush=True)
    raise UsageError("The two passwords differ.")


def _ask_once(prompt: str) -> str:
    with warnings.catch_warnings():
        # Without a terminal getpass would warn, and show what is typed.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(prompt)
        except (getpass.GetPassWarning, EOFError):
            raise UsageError(
                "There is no terminal to ask for the password on. Give --password-file, "
                "--password-env, --password-fd or --key-file."
            ) from None
        except UnicodeDecodeError:
            raise UsageError("The password is not valid UTF-8 text.") from None


def _from_file(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: the password file cannot be read ({error.strerror}).") from None


def _from_descriptor(descriptor: int) -> bytes:
    try:
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(MOST_BYTES + 1)
    except (OSError, ValueError):
        raise UsageError(f"--password-fd {descriptor}: cannot be read.") from None


def _decoded(data: bytes, where: str) -> str:
    """The text without one newline at its end, which editors and `echo` put there."""
    if len(data) > MOST_BYTES:
        raise UsageError(f"{where}: is over {MOST_BYTES // 1024} KiB. Is this the password file?")
    data = data.removesuffix(b"\n").removesuffix(b"\r") if data.endswith(b"\n") else data
    text = data.decode("utf-8", "replace")
    if data != text.encode("utf-8"):
        raise UsageError(f"{where}: the password is not valid UTF-8 text.")
    return text
