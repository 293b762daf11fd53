"""Uploaded files, kept for a while so that a photo is sent once and used often."""

from __future__ import annotations

import re
import secrets
import shutil
import threading
import time
import unicodedata
from collections import OrderedDict
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

from proface.files.preview import Subject, open_subject
from proface.media.video.formats import is_video
from proface.server.problems import Busy, Refusal, TooLarge
from proface.server.settings import Limits

PREVIEW_SIDE = 1600  # pixels of the longer side of a preview
MOST_SUBJECTS = 2  # decoded photos kept, for previews
_PIECE = 1 << 20


@dataclass
class Upload:
    """A file that a client sent.

    Attributes:
        id: 128 random bits; who knows it may use the file.
        path: in the private folder.
        size: in bytes.
        used: when it was last used, in seconds of the monotonic clock.
    """

    id: str
    path: Path
    size: int
    used: float = field(default_factory=time.monotonic)


class Uploads:
    """The uploads of a running service. Thread-safe."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder, self._limits = folder, limits
        self._uploads: dict[str, Upload] = {}
        self._subjects: OrderedDict[tuple[str, float | None], Subject] = OrderedDict()
        self._lock = threading.Lock()
        self._decoding = threading.Lock()  # one photo at a time, which bounds the memory

    def add(self, file: BinaryIO, name: str) -> Upload:
        """Keep a file.

        Raises:
            TooLarge: it is over the limit of one file.
            Busy: as many are kept as may be.
        """
        with self._lock:
            kept = sum(upload.size for upload in self._uploads.values())
            if len(self._uploads) >= self._limits.uploads or kept >= self._limits.upload_bytes:
                raise Busy("The service keeps as many files as it may. Try again later.", 60)
        number = secrets.token_hex(16)
        folder = self._folder / number
        folder.mkdir(mode=0o700)
        try:
            path = write_file(file, folder, name, self._limits.video_bytes)
            if not is_video(path) and path.stat().st_size > self._limits.file_bytes:
                raise over_the_limit(path, self._limits.file_bytes)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        upload = Upload(number, path, path.stat().st_size)
        with self._lock:
            self._uploads[number] = upload
        return upload

    def get(self, number: str) -> Upload:
        """An upload by its id; it is kept for longer.

        Raises:
            Refusal: there is none (any more).
        """
        with self._lock:
            upload = self._uploads.get(number)
            if upload is None:
                raise _unknown()
            upload.used = time.monotonic()
            return upload

    def take(self, numbers: list[str]) -> list[Upload]:
        """Take uploads out: whoever has them removes their folders. All of them, or none.

        Raises:
            Refusal: one of them does not exist.
        """
        with self._lock:
            if not set(numbers) <= set(self._uploads):
                raise _unknown()
            for key in [key for key in self._subjects if key[0] in numbers]:
                del self._subjects[key]
            return [self._uploads.pop(number) for number in dict.fromkeys(numbers)]

    def remove(self, number: str) -> None:
        """Remove an upload, if it is there."""
        with self._lock:
            upload = self._uploads.pop(number, None)
            for key in [key for key in self._subjects if key[0] == number]:
                del self._subjects[key]
        if upload is not None:
            shutil.rmtree(upload.path.parent, ignore_errors=True)

    def remove_old(self) -> None:
        """Remove uploads that were not used for a while."""
        oldest = time.monotonic() - self._limits.keep_seconds
        with self._lock:
            old = [number for number, one in self._uploads.items() if one.used < oldest]
        for number in old:
            self.remove(number)

    def subject(self, upload: Upload, threshold: float | None) -> Subject:
        """The photo decoded, with its faces: kept for the next preview.

        threshold: the minimum score of a face; None for the picture alone.

        Raises:
            ProfaceError: as `open_subject`.
        """
        key = upload.id, threshold
        with self._decoding:
            with self._lock:
                for known, found in self._subjects.items():
                    if known == key or (threshold is None and known[0] == upload.id):
                        self._subjects.move_to_end(known)
                        return found
                if len(self._subjects) >= MOST_SUBJECTS:
                    self._subjects.popitem(last=False)
            found = open_subject(upload.path, side=PREVIEW_SIDE, threshold=threshold)
            with self._lock:
                if upload.id in self._uploads:  # not removed meanwhile
                    self._subjects[key] = found
            return found


def write_file(file: BinaryIO, folder: Path, name: str, most: int) -> Path:
    """Copy an upload into a folder, under a harmless form of its name.

    Raises:
        TooLarge: it has more than `most` bytes.
    """
    path = folder / safe_name(name)
    size = 0
    with open(path, "xb") as target:
        while piece := file.read(_PIECE):
            size += len(piece)
            if size > most:
                raise over_the_limit(path, most)
            target.write(piece)
    return path


def over_the_limit(path: Path, most: int) -> TooLarge:
    """The refusal of a file of more than `most` bytes."""
    return TooLarge(
        f"{path.name}: the file is over {most >> 20} MiB, the service's limit. Make it smaller, or "
        "use the command."
    )


def safe_name(name: str) -> str:
    """A file name of the client's as a plain name in a folder: no path, nothing invisible."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    name = "".join(char if char.isprintable() and char != "/" else "_" for char in name)
    name = re.sub(r'[<>:"|?*]', "_", name).strip(". ")
    stem, dot, suffix = name.rpartition(".")
    if not dot:
        stem, suffix = name, ""
    while len(stem.encode("utf-8", "replace")) > 100:
        stem = stem[:-1]
    suffix = suffix[:10]
    name = (f"{stem or 'photo'}.{suffix}" if suffix else stem) or "photo"
    return name.encode("utf-8", "replace").decode("utf-8")


def _unknown() -> Refusal:
    return Refusal(
        HTTPStatus.NOT_FOUND, "There is no such upload (any more). Send the photo again."
    )
