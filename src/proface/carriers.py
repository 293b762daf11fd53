"""Files with weights inside installed packages, found and proved to be the expected ones.

Some packages are installed for the files they carry alone: a file is found through the package's
metadata and compared with a known SHA-256, and the package's code is never imported.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from functools import cache
from pathlib import Path

from proface.errors import MissingExtraError, ModelError


@cache
def carried_file(package: str, name: str, digest: str, install: str) -> Path:
    """The file `name` of an installed package.

    Args:
        package: the distribution's name.
        name: the file's name, without folders.
        digest: its SHA-256, as hexadecimal digits.
        install: the command that installs the package, for error messages.

    Raises:
        MissingExtraError: the package is not installed.
        ModelError: it has no such file, or the file is another one.
    """
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        raise MissingExtraError(
            f"the package {package}, which carries {name}, is missing; install it: {install}"
        ) from None
    path = next((Path(str(entry.locate())) for entry in files if entry.name == name), None)
    remedy = f"reinstall it: {install} --force-reinstall"
    if path is None:
        raise ModelError(f"the package {package} holds no {name}; {remedy}")
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); {remedy}") from None
    if found != digest:
        raise ModelError(f"{path}: altered or another version (SHA-256 {found}); {remedy}")
    return path
