"""All errors meant for the user. A message names the file and the problem, and ends with a remedy.

`exit_code` is the exit code of the command line; docs/COMMANDS.md lists them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class ProfaceError(Exception):
    """Base class of all errors meant for the user."""

    exit_code = 1


class UsageError(ProfaceError):
    """The call is invalid: an unknown look, an empty password, two outputs of one name."""

    exit_code = 2


class ImageError(ProfaceError):
    """The image cannot be read: truncated, empty, too large, or not an image."""


class UnsupportedImageError(ImageError):
    """An image of a kind that is not supported (HEIC, CMYK, 16-bit, animated)."""


class AlreadyProtectedError(ProfaceError):
    """The photo is protected already; option `again` adds regions."""


class NotProtectedError(ProfaceError):
    """No header was found: not a protected photo, or its metadata was stripped."""


class OutputExistsError(ProfaceError):
    """The output file exists, and neither overwriting nor skipping was requested."""


class OutputError(ProfaceError):
    """The output cannot be written: a lossy format, the input itself, a full disk."""


class CheckFailedError(ProfaceError):
    """The protected file, read back, does not recover well enough; it was discarded."""


class ModelError(ProfaceError):
    """A model file is missing, altered, or unknown."""


class TrainingError(ProfaceError):
    """A training run cannot continue: it diverges at every learning rate."""


class MissingExtraError(ProfaceError):
    """An optional dependency is not installed; the message names the install command."""


class FacesRequiredError(ProfaceError):
    """No face was found although option `require_faces` was given."""

    exit_code = 4


class WrongPasswordError(ProfaceError):
    """The password or key file opens no stanza of the file."""

    exit_code = 12


class DamagedFileError(ProfaceError):
    """The header or the picture was damaged or altered after protection."""

    exit_code = 13


def numbered(what: str, numbers: Sequence[int]) -> str:
    """Format numbered things: "face 3", "faces 1, 3"."""
    return f"{what}{'' if len(numbers) == 1 else 's'} {', '.join(map(str, numbers))}"


def plural(number: int, what: str) -> str:
    """Format a count: "1 region", "2 regions"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def describe(error: Exception, source: Path | str | None = None) -> str:
    """Format an error as one message that names the file."""
    if isinstance(error, ProfaceError):
        text = str(error)
    elif isinstance(error, MemoryError):
        text = "not enough memory. Close other programs, or scale the photo down."
    elif isinstance(error, OSError) and error.strerror:
        name = f"{error.filename}: " if isinstance(error.filename, str) else ""
        text = f"{name}{error.strerror}."
    else:
        text = (
            f"unexpected {type(error).__name__}: {error}. This is a bug in proface: "
            "run `proface --debug` with the same arguments and report its output."
        )
    return text if source is None or str(source) in text else f"{source}: {text}"
