"""Every error that a user can meet: what is wrong, and what to do about it.

The message names the file where there is one and ends with the remedy. `exit_code` is what the
command line returns; docs/COMMANDS.md lists the codes.
"""

from __future__ import annotations

from pathlib import Path


class ProfaceError(Exception):
    """Base of all errors raised on purpose; its message is meant for the user."""

    exit_code = 1


class UsageError(ProfaceError):
    """The call itself is wrong: an unknown look, an empty password, two outputs of one name."""

    exit_code = 2


class ImageError(ProfaceError):
    """The image cannot be read: truncated, empty, too large, or no image at all."""


class UnsupportedImageError(ImageError):
    """A readable image of a kind that is refused by name (HEIC, CMYK, 16-bit, animated)."""


class AlreadyProtectedError(ProfaceError):
    """The photo carries protected faces; `--again` adds further ones."""


class NotProtectedError(ProfaceError):
    """No header was found: not a protected photo, or its metadata was stripped."""


class OutputExistsError(ProfaceError):
    """The output file is there already, and neither overwriting nor skipping was asked for."""


class OutputError(ProfaceError):
    """The output cannot be written: a lossy format, the input itself, a full disk."""


class CheckFailedError(ProfaceError):
    """The protected file, read back, does not recover well enough; nothing was kept."""


class ModelError(ProfaceError):
    """A model file is missing, altered, or not of this project."""


class TrainingError(ProfaceError):
    """A training run cannot go on: it diverges whatever the rate."""


class MissingExtraError(ProfaceError):
    """An optional part is not installed; the message names the command that installs it."""


class FacesRequiredError(ProfaceError):
    """`--require-faces` was asked for and no face was found."""

    exit_code = 4


class WrongPasswordError(ProfaceError):
    """The password or key file opens none of the file's stanzas."""

    exit_code = 12


class DamagedFileError(ProfaceError):
    """Header or picture were damaged or altered since the file was protected."""

    exit_code = 13


def describe(error: Exception, source: Path | None = None) -> str:
    """An error in words that name the file."""
    if isinstance(error, ProfaceError):
        text = str(error)
    elif isinstance(error, MemoryError):
        text = "not enough memory. Close other programs, or scale the photo down."
    elif isinstance(error, OSError) and error.strerror:
        name = f"{error.filename}: " if isinstance(error.filename, str) else ""
        text = f"{name}{error.strerror}."
    else:
        text = (
            f"unexpected {type(error).__name__}: {error}. This is a fault of proface: "
            "run `proface --debug` with the same arguments and report what it prints."
        )
    return text if source is None or str(source) in text else f"{source}: {text}"
