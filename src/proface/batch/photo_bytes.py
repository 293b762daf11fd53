"""Protect photos as bytes: bytes in, bytes and a record out.

`ProtectBytes` is a class whose instances can be called with a batch of columns, as Ray Data's
`map_batches` wants it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from proface.batch.jobs import Protecting
from proface.batch.plan import SUFFIXES, Job, needs_lossless
from proface.batch.records import Outcome
from proface.container.storage import JPEG_SUFFIXES
from proface.errors import ProfaceError, UsageError, describe
from proface.files.protect import check_usage
from proface.keys import BatchKey, KdfParameters, Key
from proface.media.memory_folder import private_folder
from proface.models.store import ModelStore
from proface.options import Options


@dataclass(frozen=True)
class BatchKeys:
    """The keys of one batch: what `ProtectBytes` needs of a password.

    Attributes:
        key: the first.
        also: more, each of which opens every file; all with the same salt.
    """

    key: BatchKey
    also: tuple[BatchKey, ...] = ()

    @classmethod
    def derive(cls, key: Key, also: Sequence[Key] = ()) -> BatchKeys:
        """Derive them under a new salt: one run of Argon2id for each password."""
        kdf = KdfParameters.fresh()
        return cls(BatchKey.derive(key, kdf), tuple(BatchKey.derive(one, kdf) for one in also))

    @property
    def kdf(self) -> KdfParameters:
        """Salt and costs, the same for all."""
        return self.key.kdf

    def export(self) -> list[tuple[str, dict[str, str | int], bytes]]:
        """**Secret**; see `BatchKey.export`."""
        return [key.export() for key in (self.key, *self.also)]

    @classmethod
    def load(cls, exported: Sequence[tuple[str, dict[str, str | int], bytes]]) -> BatchKeys:
        """What `export` gave."""
        key, *also = map(BatchKey.load, exported)
        return cls(key, tuple(also))


@dataclass(frozen=True)
class Settings:
    """How to protect the photos of a batch; nothing secret.

    Attributes:
        options: see `Options`.
        format: a key of `SUFFIXES`; None for JPEG where the input is, and else PNG.
        check, copy_faceless, require_faces: see `Protecting`.
        device: for the networks.
    """

    options: Options = field(default_factory=Options)
    format: str | None = None
    check: bool = True
    copy_faceless: bool = False
    require_faces: bool = False
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.format is not None and self.format not in SUFFIXES:
            raise UsageError(f"Option `format` {self.format}: give one of {', '.join(SUFFIXES)}.")

    def suffix(self, name: str) -> str:
        """The suffix of the output of an input of this name."""
        if self.format is not None:
            return SUFFIXES[self.format]
        is_jpeg = PurePosixPath(name).suffix.lower() in JPEG_SUFFIXES
        return ".jpg" if is_jpeg and not needs_lossless(self.options) else ".png"

    def digest(self) -> str:
        """A digest of all that decides what the outputs are, but not of any key."""
        return sha256(repr(replace(self, device="")).encode()).hexdigest()[:16]


class ProtectBytes:
    """Protects photos given as bytes; a photo that fails becomes a record, never an exception.

    For Ray Data: `dataset.map_batches(ProtectBytes, fn_constructor_args=(keys, settings), ...)`.

    Args:
        keys: called once, where the photos are protected, for the keys: `share_keys(...)` of
            `proface.batch.ray_cluster`, or any function that can be sent there and fetches them.
            The keys themselves are no argument, as arguments are stored by the cluster.
        settings: how.
    """

    def __init__(self, keys: Callable[[], BatchKeys], settings: Settings | None = None) -> None:
        self._settings = settings or Settings()
        known = keys()
        check_usage(self._settings.options, (known.key, *known.also))
        self._work = Protecting(
            known.key,
            self._settings.options,
            also=known.also,
            check=self._settings.check,
            copy_faceless=self._settings.copy_faceless,
            require_faces=self._settings.require_faces,
            kdf=known.kdf,
            models=ModelStore(self._settings.device),
        )

    @property
    def kdf(self) -> KdfParameters:
        """Salt and costs of this batch."""
        return self._work.kdf

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Protect a batch of photos.

        Args:
            batch: columns of equal length: `bytes` and `name`, whose suffix decides the format;
                further columns are handed on.

        Returns:
            The columns, `bytes` being the protected file or None, and `record`, JSON as of
            `proface protect --json` with digests and seconds.
        """
        pairs = list(zip(batch["bytes"], batch["name"], strict=True))
        files = np.empty(len(pairs), object)
        records = np.empty(len(pairs), object)
        for index, (data, name) in enumerate(pairs):
            made, outcome = self.protect(bytes(data), str(name))
            files[index], records[index] = made, json.dumps(outcome.to_json())
        return {**batch, "bytes": files, "record": records}

    def protect(self, data: bytes, name: str) -> tuple[bytes | None, Outcome]:
        """Protect one photo.

        Args:
            data: a photo file.
            name: its name or URL, for messages and the record.

        Returns:
            The protected file, or None if none was made, and the outcome, with `seconds` and the
            digests and sizes of both files. Its output is None: what the file is to be called is
            the caller's to say.
        """
        start = time.perf_counter()
        facts: dict[str, Any] = {"input_sha256": digest(data), "input_bytes": len(data)}
        made = None
        try:
            with private_folder() as folder:
                # As `errors` would name it; the folder is private and nobody else sees it.
                source = folder / ("photo" + PurePosixPath(name).suffix[:16])
                target = folder / ("protected" + self._settings.suffix(name))
                source.write_bytes(data)
                try:
                    outcome = self._work(Job(source, target))
                except ProfaceError as failure:
                    raise _renamed(failure, {source: name, target: name}) from failure
                made = None if outcome.output is None else target.read_bytes()
            facts.update(outcome.facts)
            done = Outcome(name, None, outcome.status, facts)
        except Exception as failure:  # the other photos go on
            done = Outcome(name, None, "failed", facts, failure)
        if made is not None:
            facts.update(output_sha256=digest(made), output_bytes=len(made))
        facts["seconds"] = round(time.perf_counter() - start, 3)
        return made, done


def digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return sha256(data).hexdigest()


def _renamed(error: ProfaceError, names: Mapping[Path, str]) -> ProfaceError:
    """The same error with the user's names instead of temporary ones."""
    text = describe(error)
    for path, name in names.items():
        text = text.replace(str(path), name)
    return type(error)(text)
