"""Files with weights inside installed packages, verified by SHA-256.

Some packages are installed for their data files only: a file is located through the package's
metadata, and the package's code is never imported.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from functools import cache
from pathlib import Path

from proface.errors import MissingExtraError, ModelError


def carries(package: str, name: str) -> bool:
    """Whether a package is installed that contains a file of this name, without folders."""
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        return False
    return any(entry.name == name for entry in files)


@cache
def packaged_file(package: str, name: str, digest: str, install: str) -> Path:
    """The verified file `name` of an installed package.

    Args:
        package: the distribution's name.
        name: the file's name, without folders.
        digest: its SHA-256, as hexadecimal digits.
        install: the command that installs the package, for error messages.

    Raises:
        MissingExtraError: the package is not installed.
        ModelError: it has no such file, or the file has another SHA-256.
    """
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        raise MissingExtraError(
            f"the package {package}, which contains {name}, is missing; install it: {install}"
        ) from None
    path = next((Path(str(entry.locate())) for entry in files if entry.name == name), None)
    remedy = f"reinstall it: {install} --force-reinstall"
    if path is None:
        raise ModelError(f"the package {package} contains no {name}; {remedy}")
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); {remedy}") from None
    if found != digest:
        raise ModelError(f"{path}: altered or another version (SHA-256 {found}); {remedy}")
    return path
