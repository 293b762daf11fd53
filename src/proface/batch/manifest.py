"""The manifest: what was done with each photo, in parts of JSON lines under the output folder.

A part is written whole or not at all, when it has 1,000 records or is a minute old, and when the
run ends. Of several records of one photo the last counts. docs/CLUSTER.md lists the fields.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proface.batch.stores import Store, patiently, read, write
from proface.errors import DamagedFileError

FOLDER = ".proface/manifest"  # hidden: never taken for photos
PART = 1000  # records
PART_SECONDS = 60


@dataclass(frozen=True)
class Earlier:
    """What the manifest says of a photo.

    Attributes:
        status: as in `Outcome`.
        input_sha256, output: the input's digest, and the output's URL or None.
        output_sha256: its digest, or None.
        error, code, kind: of a failed photo, the message, exit code and class of the error.
    """

    status: str
    input_sha256: str | None
    output: str | None
    output_sha256: str | None
    error: str | None = None
    code: int = 0
    kind: str | None = None


class ManifestWriter:
    """Writes the records of one run in parts.

    Args:
        store: the output folder.
        settings: a digest of the options, under which the next run skips.
    """

    def __init__(self, store: Store, settings: str) -> None:
        self._store, self._settings = store, settings
        # Names sort by time, so that later runs are read later.
        self._run = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{secrets.token_hex(4)}"
        self._lines: list[str] = []
        self._parts = 0
        self._since = time.monotonic()

    def add(self, record: dict[str, Any]) -> None:
        """Add a record; raises OutputError if a part that is due cannot be written."""
        line = json.dumps({**record, "settings": self._settings}, sort_keys=True)
        self._lines.append(line)
        if len(self._lines) >= PART or time.monotonic() - self._since >= PART_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what is left as a part."""
        if self._lines:
            self._parts += 1
            url = f"{self._store.url}/{FOLDER}/{self._run}-{self._parts:06d}.jsonl"
            write(self._store, url, "".join(f"{line}\n" for line in self._lines).encode())
            self._lines.clear()
        self._since = time.monotonic()


class Index:
    """Looks photos up in the manifest, and outputs in the plan, on disk: a million take no memory.

    The file lies in a private temporary folder and is removed by `open_index`.
    """

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        # A scratch file: nothing is lost if the machine fails.
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("CREATE TABLE earlier (input BLOB PRIMARY KEY, record TEXT) WITHOUT ROWID")
        self._db.execute("CREATE TABLE outputs (name BLOB PRIMARY KEY, input TEXT) WITHOUT ROWID")

    def load(self, store: Store, settings: str) -> None:
        """Read all parts below an output folder.

        Raises:
            DamagedFileError: a part is not JSON lines.
            ImageError: the store keeps failing.
        """
        for url in _parts(store):
            self._db.execute("BEGIN")
            for number, line in enumerate(read(store, url).splitlines(), 1):
                try:
                    record = json.loads(line)
                    name = _hashed(record["input"])
                    fields = [record.get(key) for key in _FIELDS]
                    known = record["settings"] == settings
                except (ValueError, KeyError, TypeError):
                    raise DamagedFileError(
                        f"{url}: line {number} is no record of a manifest. Move this part away; "
                        "its photos are then done again."
                    ) from None
                if known:
                    values = (name, json.dumps(fields))
                    self._db.execute("INSERT OR REPLACE INTO earlier VALUES (?, ?)", values)
                else:
                    self._db.execute("DELETE FROM earlier WHERE input = ?", (name,))
            self._db.execute("COMMIT")

    def find(self, url: str) -> Earlier | None:
        """What the manifest says of an input; None if it does not name it."""
        row = self._db.execute(
            "SELECT record FROM earlier WHERE input = ?", (_hashed(url),)
        ).fetchone()
        return None if row is None else Earlier(*json.loads(row[0]))

    def claim(self, output: str, source: str) -> str | None:
        """Note that an output belongs to an input; the other input if one had it already."""
        name = _hashed(output)
        try:
            self._db.execute("INSERT INTO outputs VALUES (?, ?)", (name, source))
        except sqlite3.IntegrityError:
            row = self._db.execute("SELECT input FROM outputs WHERE name = ?", (name,)).fetchone()
            return str(row[0])
        return None

    def close(self) -> None:
        """Close the file."""
        self._db.close()


_FIELDS = ("status", "input_sha256", "output", "output_sha256", "error", "code", "error_type")


@contextmanager
def open_index() -> Iterator[Index]:
    """An empty index in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="proface-") as folder:
        index = Index(Path(folder) / "index.sqlite")
        try:
            yield index
        finally:
            index.close()


def _parts(store: Store) -> list[str]:
    try:
        entries = patiently(store.fs.ls, f"{store.path}/{FOLDER}", detail=False)
    except FileNotFoundError:
        return []
    names = sorted(name.rsplit("/", 1)[-1] for name in entries)
    return [f"{store.url}/{FOLDER}/{name}" for name in names if name.endswith(".jsonl")]


def _hashed(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]
