"""Routes for keys: /v1/keys."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.responses import Response

from proface.files.face_keys import export_faces
from proface.keys import Key
from proface.server.photos import TheKey, ThePhoto, TheSidecar, place_sidecar
from proface.server.service import TheService

router = APIRouter(prefix="/v1/keys")
_TEXT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {}}}}


@router.post(
    "/generate",
    summary="A new key file, as `proface keys generate`",
    response_class=Response,
    responses=_TEXT,
)
async def generate() -> Response:
    """The text of a key file: 32 random bytes. The service does not keep it."""
    return _key_file(Key.generate().to_text(), "proface.key")


@router.post(
    "/export",
    summary="Keys of single faces, as `proface keys export`",
    response_class=Response,
    responses=_TEXT,
)
async def export(
    service: TheService,
    given: ThePhoto,
    key: TheKey,
    face: Annotated[list[int], Form(description="A region's number. Repeatable.")],
    sidecar: TheSidecar = None,
) -> Response:
    """The text of a key file that opens these faces of this photo and nothing else."""
    async with service.space() as space:
        file = given.place(space.folder, service.uploads, service.limits.file_bytes)
        beside = place_sidecar(sidecar, space.folder, service)
        secret = key.read()
        found = await space.run(file, lambda: export_faces(file, secret, face, sidecar=beside))
        numbers = "-".join(str(one.n) for one in found.faces)
        return _key_file(found.to_text(), f"face-{numbers[:40]}.key")


def _key_file(text: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, headers=headers, media_type="text/plain; charset=ascii")
