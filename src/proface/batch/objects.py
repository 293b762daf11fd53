"""Protect one photo of a store: skip what is proved done, read, protect, write."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from proface.batch.jobs import Existing
from proface.batch.manifest import Earlier
from proface.batch.photo_bytes import ProtectBytes, digest
from proface.batch.records import Outcome, RecordedError
from proface.batch.stores import Store, exists, open_store, read, write
from proface.container.storage import find_header
from proface.errors import ImageError, OutputExistsError
from proface.media.base64_text import encode

MOST_BYTES = 1 << 30
# Errors that the same file gives again: the next run repeats the record, not the work.
_LASTING = {"ImageError", "UnsupportedImageError", "AlreadyProtectedError", "FacesRequiredError"}


@dataclass(frozen=True)
class StoreJob:
    """A photo to read and the object to write.

    Attributes:
        source, output: URLs or paths.
        root: the input that the source was found below.
        size: of the source in bytes, if the listing tells.
        earlier: what the manifest says of the source.
        fault: message, exit code and class of an error found while planning.
        attempt: from 1; more if workers died while they had it.
    """

    source: str
    output: str
    root: str
    size: int | None = None
    earlier: Earlier | None = None
    fault: tuple[str, int, str] | None = None
    attempt: int = 1


class ProtectObjects:
    """Protects the photos of a store; each call does one job.

    Args:
        protector: protects the bytes.
        output: the output folder's URL or path.
        existing: what to do with outputs of which the manifest does not tell.
    """

    def __init__(self, protector: ProtectBytes, output: str, existing: Existing) -> None:
        self._protector, self._output, self._existing = protector, open_store(output), existing

    def __call__(self, job: StoreJob) -> Outcome:
        """Protect one photo.

        Raises:
            ProfaceError: it could not be read or written; what was there stays as it was.
        """
        if job.fault is not None:
            known = job.earlier is not None and job.earlier.error == job.fault[0]
            facts = {"earlier": True} if known else {}
            return Outcome(job.source, None, "failed", facts, RecordedError(*job.fault))
        start = time.perf_counter()
        if job.size is not None and job.size > MOST_BYTES:
            raise ImageError(f"{job.source}: has over {MOST_BYTES >> 30} GiB. Is it a photo?")
        earlier = job.earlier
        made_before = earlier is not None and earlier.output == job.output
        overwrite = self._existing == "overwrite" or made_before
        # After a worker died, what is there may be what it wrote: `_ours` tells.
        if not overwrite and job.attempt == 1 and exists(self._output, job.output):
            if self._existing == "skip":
                return Outcome(job.source, job.output, "skipped")
            raise OutputExistsError(
                f"{job.output}: exists already, and no manifest tells of it. Give option "
                "`overwrite` to replace it, or option `skip_existing` to skip it."
            )
        data = read(_opened(job.root), job.source)
        if earlier is not None:
            done = self._done(job, earlier, digest(data))
            if done is not None:
                return done
        made, outcome = self._protector.protect(data, job.source)
        if made is None:
            return outcome
        ours = self._ours if job.attempt > 1 else _nothing
        write(self._output, job.output, made, overwrite=overwrite, ours=ours)
        told = {**outcome.facts, "seconds": round(time.perf_counter() - start, 3)}
        return replace(outcome, output=job.output, facts=told)

    def _done(self, job: StoreJob, earlier: Earlier, sha256: str) -> Outcome | None:
        """The outcome without work, if the manifest proves that this very file was done."""
        if earlier.input_sha256 != sha256:
            return None
        if earlier.error is not None:
            if earlier.kind not in _LASTING:
                return None
            error = RecordedError(earlier.error, earlier.code, earlier.kind)
            return Outcome(job.source, None, "failed", {"earlier": True}, error)
        if earlier.output is None:
            return Outcome(job.source, None, "skipped", {"earlier": True})
        if earlier.output != job.output or not exists(self._output, job.output):
            return None
        if digest(read(self._output, job.output)) != earlier.output_sha256:
            return None
        return Outcome(job.source, job.output, "skipped", {"earlier": True})

    def _ours(self, found: bytes) -> bool:
        """Whether a file was made in this run: its header has the run's random salt."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / "found"
            path.write_bytes(found)
            header = find_header(path)
        return header is not None and encode(self._protector.kdf.salt).encode() in header


def _nothing(_found: bytes) -> bool:
    return False


@lru_cache(maxsize=64)
def _opened(place: str) -> Store:
    return open_store(place)
