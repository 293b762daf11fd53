"""The folder of a run in progress, beside its output, from which an interrupted run goes on.

    search          the stanzas in clear; sealed: fingerprint of source and options, the faces
                    found so far
    plan            the stanzas in clear; sealed: fingerprint, times, tracks, segments
    00000.pictures  the coded frames of segment 0
    00000.chunks    its chunks; written first, so that `.pictures` tells that a segment is whole

It holds what the protected file will hold and nothing else: no original, in no file.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from proface.errors import DamagedFileError, OutputError, ProfaceError
from proface.faces.tracks import Track
from proface.files.video.searched import Searched
from proface.files.video.survey import Survey, VideoTrack
from proface.keys import (
    KdfParameters,
    Key,
    derive,
    new_file_key,
    open_stanzas,
    opened_by,
    seal,
    unseal,
)
from proface.media.atomic_output import TEMPORARY_PREFIX, output_error
from proface.media.file_lock import exclusive
from proface.media.video.coding import CodedPicture
from proface.media.video.source import VideoInfo
from proface.options import Options

_LAYOUT = 3  # of this folder; another version's folder is not used
_PICTURE = struct.Struct(">qBI")

Segments = Sequence[tuple[int, int]]  # the first frame and the number of frames of each


@dataclass(frozen=True)
class Secrets:
    """What a file opens with: its key, the stanzas that wrap it, its id."""

    file_key: bytes
    stanzas: tuple[Mapping[str, Any], ...]
    id: bytes

    @classmethod
    def fresh(cls, keys: Sequence[Key], kdf: KdfParameters) -> Secrets:
        """Draw a new file key."""
        return cls(*new_file_key(keys, kdf), os.urandom(16))


class Work:
    """The folder of one output."""

    def __init__(self, output: Path) -> None:
        self.folder = output.with_name(f"{TEMPORARY_PREFIX}{output.name}.work")
        self._output = output

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Make the folder if it is not there, and keep other runs from it; removed if empty.

        Raises:
            OutputError: another run uses it, or it cannot be made.
        """
        with ExitStack() as stack:
            try:
                self.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
                stack.enter_context(exclusive(self.folder, wait=False))
            except BlockingIOError:
                raise OutputError(
                    f"{self._output}: another run is writing this video. Wait for it, or choose "
                    "another output."
                ) from None
            except OSError as error:
                raise output_error(self._output, error) from error
            try:
                yield
            finally:
                with suppress(OSError):
                    self.folder.rmdir()

    def load(
        self, keys: Sequence[Key], fingerprint: str, info: VideoInfo
    ) -> tuple[Secrets, Survey, Segments] | None:
        """What an interrupted run left, if it was of the same source, options and keys."""
        opened = self._opened("plan", keys, fingerprint)
        if opened is None:
            return None
        secrets, arrays = opened
        segments = [(int(first), int(count)) for first, count in arrays["segments"]]
        return secrets, _unpacked(arrays, info), segments

    def load_search(self, keys: Sequence[Key], fingerprint: str) -> tuple[Secrets, Searched] | None:
        """As `load`, of a run that was interrupted while it searched."""
        opened = self._opened("search", keys, fingerprint)
        return opened and (opened[0], Searched.from_arrays(opened[1]))

    def save_search(self, secrets: Secrets, searched: Searched, fingerprint: str) -> None:
        """Write what was found so far."""
        self._seal("search", secrets, fingerprint, searched.to_arrays())

    def create(
        self, secrets: Secrets, survey: Survey, segments: Segments, fingerprint: str
    ) -> None:
        """Begin anew: nothing but the plan in the folder."""
        try:
            for old in self.folder.iterdir():
                old.unlink()
        except OSError as error:
            raise output_error(self._output, error) from error
        arrays = _packed(survey) | {"segments": np.array(segments)}
        self._seal("plan", secrets, fingerprint, arrays)

    def forget_search(self) -> None:
        """Delete what `save_search` wrote."""
        (self.folder / "search").unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def is_whole(self, number: int) -> bool:
        """Whether a segment was finished."""
        return (self.folder / f"{number:05}.pictures").exists()

    @contextmanager
    def pictures(self, number: int) -> Iterator[PictureWriter]:
        """Write the coded frames of a segment; afterwards it counts as whole."""
        with self._writing(f"{number:05}.pictures") as file:
            yield PictureWriter(file)

    def write_chunks(self, number: int, chunks: Iterable[bytes]) -> None:
        """Write the chunks of a segment."""
        with self._writing(f"{number:05}.chunks") as file:
            for chunk in chunks:
                file.write(len(chunk).to_bytes(4, "big") + chunk)

    def read_chunks(self, number: int) -> Iterator[bytes]:
        """The chunks of a segment."""
        with open(self.folder / f"{number:05}.chunks", "rb") as file:
            while length := file.read(4):
                yield file.read(int.from_bytes(length, "big"))

    def read_pictures(self, segments: int) -> Iterator[CodedPicture]:
        """The coded frames of all segments."""
        for number in range(segments):
            with open(self.folder / f"{number:05}.pictures", "rb") as file:
                while head := file.read(_PICTURE.size):
                    pts, key, length = _PICTURE.unpack(head)
                    yield CodedPicture(pts, bool(key), file.read(length))

    def _opened(
        self, name: str, keys: Sequence[Key], fingerprint: str
    ) -> tuple[Secrets, dict[str, NDArray[Any]]] | None:
        """What `_seal` wrote, if these keys open it and the fingerprint is the same."""
        try:
            head, sealed = (self.folder / name).read_bytes().split(b"\n", 1)
            stanzas = tuple(json.loads(head))
            if len(stanzas) != len(keys) or not all(opened_by(stanzas, key) for key in keys):
                return None
            file_key = open_stanzas(stanzas, keys[0])
            plain = unseal(derive(file_key, f"video {name}", model=""), sealed, head)
        except (OSError, ValueError, TypeError, ProfaceError):
            return None
        with np.load(io.BytesIO(plain), allow_pickle=False) as file:
            arrays = dict(file)
        if str(arrays["fingerprint"]) != fingerprint:
            return None
        return Secrets(file_key, stanzas, arrays["id"].tobytes()), arrays

    def _seal(
        self, name: str, secrets: Secrets, fingerprint: str, arrays: Mapping[str, Any]
    ) -> None:
        file = io.BytesIO()
        identity = np.frombuffer(secrets.id, np.uint8)
        np.savez(file, fingerprint=np.array(fingerprint), id=identity, **arrays)
        head = json.dumps([dict(stanza) for stanza in secrets.stanzas]).encode()
        key = derive(secrets.file_key, f"video {name}", model="")
        with self._writing(name) as output:
            output.write(head + b"\n" + seal(key, file.getvalue(), head))

    @contextmanager
    def _writing(self, name: str) -> Iterator[BinaryIO]:
        part = self.folder / f"{name}.part"
        try:
            with open(part, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, self.folder / name)
        except OSError as error:
            raise output_error(self._output, error) from error


class PictureWriter:
    """Appends coded frames to a segment's file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def add(self, pictures: Iterable[CodedPicture]) -> None:
        """Append them, in order of decoding."""
        for one in pictures:
            self._file.write(_PICTURE.pack(one.pts, one.key, len(one.data)) + one.data)


def fingerprint(path: Path, options: Options, model: str) -> str:
    """A digest of a source's content and of all that its protection depends on.

    model: digest of the flow, or empty.
    """
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    digest.update(
        json.dumps([_LAYOUT, model, asdict(options)], sort_keys=True, default=str).encode()
    )
    for photo in (*options.keep, *options.only):
        digest.update(hashlib.sha256(Path(photo).read_bytes()).digest())
    return digest.hexdigest()


def _packed(survey: Survey) -> dict[str, Any]:
    tracks = survey.tracks
    return {
        "pts": survey.pts,
        "facts": np.array([survey.broken, survey.detected]),
        "tracks": np.array(
            [
                (t.n, t.track.first, len(t.track.boxes), *t.track.seen, t.track.detections)
                for t in tracks
            ],
            np.int64,
        ).reshape(-1, 6),
        "left_out": np.array([track.left_out for track in tracks], bool),
        "expand": np.array([track.expand for track in tracks], np.float64),
        "boxes": np.concatenate([np.zeros((0, 4), np.int64), *(t.track.boxes for t in tracks)]),
    }


def _unpacked(arrays: Mapping[str, Any], info: VideoInfo) -> Survey:
    tracks, start = [], 0
    boxes = arrays["boxes"]
    rows = zip(arrays["tracks"], arrays["left_out"], arrays["expand"], strict=True)
    for (n, first, length, seen, last, detections), left_out, expand in rows:
        part = boxes[start : start + length]
        if len(part) != length:
            raise DamagedFileError("The folder of an interrupted run is damaged.")
        track = Track(int(first), part, (int(seen), int(last)), int(detections))
        tracks.append(VideoTrack(int(n), track, bool(left_out), float(expand)))
        start += length
    broken, detected = (int(fact) for fact in arrays["facts"])
    return Survey(info, arrays["pts"], tuple(tracks), broken, detected)
