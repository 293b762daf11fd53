"""What all routes of a running service share, and the answers that carry files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, BinaryIO
from urllib.parse import quote

from fastapi import Depends, Request
from starlette.responses import StreamingResponse

from proface.batch import Outcome, sentence
from proface.models.store import ModelStore
from proface.server.jobs import Jobs
from proface.server.problems import without_paths
from proface.server.settings import Limits
from proface.server.uploads import Uploads
from proface.server.work import Space, Workers

TYPES = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".tiff": "image/tiff",
    ".key": "text/plain; charset=ascii",
    ".zip": "application/zip",
}
MOST_RECORD_BYTES = 8192  # of a header line; clients accept 64 KiB for all of them
_PIECE = 1 << 18


class Service:
    """A running service.

    Attributes:
        limits: what a request may cost.
        models: loads each flow once.
        folder: where everything lies that clients send.
        uploads, jobs, workers: see their classes.
    """

    def __init__(self, folder: Path, limits: Limits, models: ModelStore) -> None:
        self.limits, self.models, self.folder = limits, models, folder
        self.workers = Workers(limits)
        self.uploads = Uploads(folder, limits)
        self.jobs = Jobs(folder, limits, self.workers)

    def space(self) -> Space:
        """A folder for one request."""
        return Space(self.folder, self.workers)

    def record(self, outcome: Outcome, download: str) -> dict[str, Any]:
        """An outcome as `--json` prints it, with names instead of paths and the words printed."""
        named = replace(outcome, source=Path(Path(outcome.source).name), output=Path(download))
        record = json.loads(without_paths(json.dumps(named.to_json()), self.folder))
        if outcome.error is None:
            record["sentence"] = without_paths(sentence(named), self.folder)
        return dict(record)


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


TheService = Annotated[Service, Depends(_service)]


def send_file(path: Path, name: str, record: dict[str, Any] | None = None) -> StreamingResponse:
    """An answer with a file as a download.

    The file may be removed at once: it is open. record: goes into the header Proface-Record.
    """
    file = open(path, "rb")  # noqa: SIM115 - closed when it was sent
    headers = {
        "Content-Length": str(path.stat().st_size),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
    }
    if record is not None:
        headers["Proface-Record"] = _header_line(record)
    return StreamingResponse(_pieces(file), headers=headers, media_type=_type(name))


def download_name(name: str, what: str, suffix: str) -> str:
    """The name of a result: "photo.jpg" and "protected" make "photo-protected.jpg"."""
    stem = name.rpartition(".")[0] or name
    for other in ("-protected", "-recovered"):
        stem = stem.removesuffix(other)
    return f"{stem}-{what}{suffix}"


def _type(name: str) -> str:
    return TYPES.get(f".{name.rpartition('.')[2]}", "application/octet-stream")


def _header_line(record: dict[str, Any]) -> str:
    line = json.dumps(record, ensure_ascii=True)
    if len(line) > MOST_RECORD_BYTES:  # of hundreds of faces
        short = {key: len(one) if isinstance(one, list) else one for key, one in record.items()}
        line = json.dumps(short, ensure_ascii=True)
    return line


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
