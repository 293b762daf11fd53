"""List the photos below a folder of a store, page by page, so that no list holds them all."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from proface.batch.inputs import PHOTO_SUFFIXES
from proface.batch.stores import LATER, Store, StoreError, patiently
from proface.errors import ImageError

PAGE = 1000


@dataclass(frozen=True)
class Listed:
    """A photo: its URL, its place below the input folder, and its size in bytes if known."""

    url: str
    place: str
    size: int | None = None


@dataclass
class Counted:
    """What a listing has met so far besides photos."""

    others: int = 0


def list_photos(
    store: Store, leave_out: str | None = None, counted: Counted | None = None
) -> Iterator[Listed]:
    """The photos below a folder, or the one object that the store names.

    Photos are known by their suffix, as opening each object to see its first bytes would cost a
    request. Hidden files and folders are left out. S3 gives pages of 1,000 names, folders of this
    machine give one name at a time; of other stores one folder's names are in memory at a time.

    Args:
        store: the folder or object.
        leave_out: a folder not to search, as a path of the same file system.
        counted: gets the number of other files.

    Raises:
        ImageError: there is nothing of this name, or it cannot be listed.
    """
    counted = counted if counted is not None else Counted()
    if _is_object(store):
        yield Listed(store.url, posixpath.basename(store.path))
        return
    skipped = None if leave_out is None else leave_out.rstrip("/") + "/"
    empty = True
    for path, size in _files(store):
        empty = False
        place = path[len(store.path) :].lstrip("/")
        if any(part.startswith(".") for part in place.split("/")):
            continue
        if skipped is not None and path.startswith(skipped):
            continue
        if posixpath.splitext(path)[1].lower() in PHOTO_SUFFIXES:
            yield Listed(f"{store.url}/{place}", place, size)
        else:
            counted.others += 1
    if empty and not _there(store):
        raise ImageError(f"{store.url}: there is no such file or folder. Check its name.")


def _is_object(store: Store) -> bool:
    try:
        return bool(patiently(store.fs.isfile, store.path))
    except Exception as error:
        raise StoreError(f"{store.url}: the store does not answer ({error}). {LATER}") from error


def _there(store: Store) -> bool:
    return bool(patiently(store.fs.exists, store.path))


def _files(store: Store) -> Iterator[tuple[str, int | None]]:
    try:
        if store.is_local:
            yield from _local(store.path)
        elif hasattr(store.fs, "call_s3"):
            yield from _s3(store)
        else:
            yield from _by_folder(store.fs, store.path)
    except (OSError, ImageError) as error:
        raise StoreError(f"{store.url}: the store cannot be listed ({error}). {LATER}") from error


def _local(root: str) -> Iterator[tuple[str, int | None]]:
    if not os.path.isdir(root):
        return
    waiting, seen = [root], set()
    while waiting:
        folder = waiting.pop()
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:  # a link that leads back
            continue
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    waiting.append(entry.path)
                elif entry.is_file():
                    yield entry.path, entry.stat().st_size


def _s3(store: Store) -> Iterator[tuple[str, int | None]]:
    bucket, _, prefix = store.path.partition("/")
    prefix = prefix and prefix.rstrip("/") + "/"
    after = ""
    while True:
        # By the last name rather than a token, so that a page can be asked for again.
        more = {"StartAfter": after} if after else {}
        page = patiently(
            store.fs.call_s3, "list_objects_v2", Bucket=bucket, Prefix=prefix, MaxKeys=PAGE, **more
        )
        contents = page.get("Contents", ())
        for entry in contents:
            if not entry["Key"].endswith("/"):
                yield f"{bucket}/{entry['Key']}", entry["Size"]
        if not contents or not page.get("IsTruncated"):
            return
        after = contents[-1]["Key"]


def _by_folder(fs: Any, root: str) -> Iterator[tuple[str, int | None]]:
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            entries = patiently(fs.ls, folder, detail=True)
        except FileNotFoundError:
            continue
        for entry in entries:
            if entry["type"] == "directory":
                if not posixpath.basename(entry["name"].rstrip("/")).startswith("."):
                    waiting.append(entry["name"])
            else:
                yield entry["name"], entry.get("size")
