"""Photos on any store that fsspec knows: read, written whole or not at all, tried again on faults.

A place is a URL (`s3://bucket/folder`) or a path. Credentials and endpoints are never part of it:
each machine takes them from its own configuration, as the store's library does.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import random
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from proface.errors import (
    ImageError,
    MissingExtraError,
    OutputError,
    OutputExistsError,
    ProfaceError,
    UsageError,
)
from proface.media.atomic_output import TEMPORARY_PREFIX, atomic_output

ATTEMPTS = 6
FIRST_PAUSE = 0.1  # seconds, doubled each time: 3 seconds in all
# A single request creates an object there, whole or not at all, and refuses to replace one.
ATOMIC = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az"}
# Answers, not faults: asking again gives the same.
_FINAL = (
    FileNotFoundError,
    FileExistsError,
    PermissionError,
    IsADirectoryError,
    NotADirectoryError,
    ValueError,
    TypeError,
    NotImplementedError,
    ImportError,
    MemoryError,
    ProfaceError,
)
INSTALL = "pip install 'proface[cluster]'"

T = TypeVar("T")


@dataclass(frozen=True)
class Store:
    """A folder, or one object, on a store.

    Attributes:
        fs: fsspec's file system.
        path: within it.
        url: as given, for messages and records; without a slash at the end.
    """

    fs: Any
    path: str
    url: str

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine."""
        return "file" in _protocols(self.fs)

    def at(self, url: str) -> str:
        """The path within the file system of a URL below this one."""
        return self.path + url[len(self.url) :]


def is_url(text: str) -> bool:
    """Whether it names a store rather than a path: `s3://bucket/folder`."""
    return "://" in text


def open_store(place: str) -> Store:
    """The store of a URL or path.

    Raises:
        MissingExtraError: fsspec or the store's package is not installed.
        UsageError: no such kind of store, or credentials in the URL.
    """
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise MissingExtraError(f"{place}: stores need fsspec. Install it: {INSTALL}") from None
    if is_url(place) and "@" in place.split("://", 1)[1].split("/", 1)[0]:
        raise UsageError(
            "Credentials do not belong into a URL, which is shown and recorded. Put them into the "
            "store's own configuration (docs/CLUSTER.md)."
        )
    if not is_url(place):
        place = os.path.abspath(place)
    try:
        # Listings change while the batch runs, and a cached one is never forgotten.
        fs, path = url_to_fs(place, use_listings_cache=False)
    except ImportError as error:
        raise MissingExtraError(f"{place}: {error}. For S3: {INSTALL}") from None
    except ValueError as error:
        raise UsageError(f"{place}: {error}.") from None
    return Store(fs, path.rstrip("/") or path, place.rstrip("/"))


def read(store: Store, url: str) -> bytes:
    """All bytes of an object.

    Raises:
        ImageError: it is not there, may not be read, or the store keeps failing.
    """
    try:
        data: bytes = patiently(store.fs.cat_file, store.at(url))
    except FileNotFoundError:
        raise ImageError(f"{url}: there is no such file any more. Run the command again.") from None
    except PermissionError as error:
        raise ImageError(f"{url}: may not be read ({_reason(error)}). Check its rights.") from error
    except ProfaceError:
        raise
    except Exception as error:
        raise StoreError(
            f"{url}: the store fails to read it ({_reason(error)}). {LATER}"
        ) from error
    return data


def exists(store: Store, url: str) -> bool:
    """Whether there is an object of this name."""
    try:
        return bool(patiently(store.fs.exists, store.at(url)))
    except Exception as error:
        raise StoreError(f"{url}: the store does not answer ({_reason(error)}). {LATER}") from error


def write(
    store: Store,
    url: str,
    data: bytes,
    *,
    overwrite: bool = False,
    ours: Callable[[bytes], bool] = lambda _found: False,
) -> None:
    """Write an object: it appears whole, under its name, or not at all.

    Object stores do so themselves. Folders of this machine get a temporary file that is flushed
    and renamed. On any other store a temporary object is written and moved, which is as atomic as
    the store's own move.

    Args:
        store: where.
        url: the object.
        data: its bytes.
        overwrite: replace what is there.
        ours: whether bytes found under the name come from an earlier try of this very write, and
            may be replaced all the same.

    Raises:
        OutputExistsError: something else is there.
        OutputError: it cannot be written; nothing is left under the name.
        StoreError: the store keeps failing.
    """
    path = store.at(url)
    try:
        try:
            _write(store, path, data, overwrite)
        except (FileExistsError, OutputExistsError):
            # A fault may come after the store has done what was asked.
            found = patiently(store.fs.cat_file, path)
            if found == data:
                return
            if not ours(found):
                raise OutputExistsError(
                    f"{url}: exists already. Give option `overwrite` to replace it."
                ) from None
            _write(store, path, data, overwrite=True)
    except ProfaceError:
        raise
    except PermissionError as error:
        raise OutputError(
            f"{url}: may not be written ({_reason(error)}). Check its rights."
        ) from error
    except Exception as error:
        raise StoreError(
            f"{url}: the store fails to write it ({_reason(error)}). {LATER}"
        ) from error


def patiently(call: Callable[..., T], *arguments: Any, **options: Any) -> T:
    """Call a store; try again, after growing pauses, what failed but may not fail again."""
    for attempt in range(ATTEMPTS):
        try:
            return call(*arguments, **options)
        except _FINAL:
            raise
        except Exception:
            if attempt == ATTEMPTS - 1:
                raise
            # Random, so that many workers do not come back at the same moment.
            time.sleep(FIRST_PAUSE * 2**attempt * random.uniform(0.5, 1))
    raise AssertionError  # not reached


LATER = "Run the command again later; it goes on where it stopped."


class StoreError(OutputError, ImageError):
    """A store kept failing, also after several tries."""


def _write(store: Store, path: str, data: bytes, overwrite: bool) -> None:
    fs = store.fs
    if store.is_local:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with atomic_output(path, overwrite=overwrite) as file:
            file.write_bytes(data)
        return
    if ATOMIC & _protocols(fs):
        patiently(fs.pipe_file, path, data, mode="overwrite" if overwrite else "create")
        return
    if not overwrite and patiently(fs.exists, path):
        raise FileExistsError(path)
    folder = posixpath.dirname(path)
    patiently(fs.makedirs, folder, exist_ok=True)
    temporary = f"{folder}/{TEMPORARY_PREFIX}{secrets.token_hex(8)}{posixpath.splitext(path)[1]}"
    try:
        patiently(fs.pipe_file, temporary, data)
        patiently(fs.mv, temporary, path)
    except BaseException:
        with contextlib.suppress(Exception):
            fs.rm_file(temporary)
        raise


def _protocols(fs: Any) -> set[str]:
    return {fs.protocol} if isinstance(fs.protocol, str) else set(fs.protocol)


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")
