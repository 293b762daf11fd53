"""Routes for one photo: /v1/uploads, faces, preview, protect, recover, inspect, verify."""

from __future__ import annotations

import io
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, File, Form, UploadFile
from PIL import Image
from starlette.responses import Response

from proface.batch import Job, Protecting, Recovering, make_plan, make_target, needs_lossless
from proface.faces.detect import POSSIBLE
from proface.files.access import errors_name
from proface.files.inspect import inspect
from proface.files.preview import Subject, open_subject, show
from proface.files.protect import check_usage
from proface.files.verify import verify
from proface.looks import get_look
from proface.looks.leakage import warning
from proface.options import Options
from proface.pipeline.regions import choose_regions, describe_faces, describe_regions
from proface.server.forms import (
    Given,
    GivenKey,
    GivenLook,
    given_key,
    given_look,
    given_photo,
    protect_options,
    region_options,
    write_sent,
)
from proface.server.problems import without_paths
from proface.server.service import Service, TheService, download_name, send_file
from proface.server.uploads import PREVIEW_SIDE

router = APIRouter(prefix="/v1")

ThePhoto = Annotated[Given, Depends(given_photo)]
TheKey = Annotated[GivenKey, Depends(given_key)]
TheLook = Annotated[GivenLook, Depends(given_look)]
TheFormat = Annotated[
    Literal["png", "webp", "tiff", "jpeg"] | None,
    Form(description="By default, a JPEG becomes a JPEG, and all else a PNG."),
]
TheSidecar = Annotated[
    UploadFile | None, File(description="The header's file, if it is not in the picture.")
]


@router.post("/uploads", status_code=HTTPStatus.CREATED, summary="Keep a photo for later requests")
async def add_upload(
    service: TheService, photo: Annotated[UploadFile, File(description="The photo.")]
) -> dict[str, Any]:
    """Answers with an id, which the other requests take instead of the photo.

    Videos too, for jobs. It is removed after half an hour without use, and when the service ends.
    """
    upload = service.uploads.add(photo.file, photo.filename or "photo")
    try:
        service.workers.check(upload.path)
    except BaseException:
        service.uploads.remove(upload.id)
        raise
    return {"id": upload.id, "name": upload.path.name, "bytes": upload.size}


@router.delete("/uploads/{upload}", status_code=HTTPStatus.NO_CONTENT, summary="Remove an upload")
async def remove_upload(service: TheService, upload: str) -> None:
    """Removes it at once. No error if it is gone already."""
    service.uploads.remove(upload)


@router.post("/faces", summary="Detect faces, as `proface faces`")
async def faces(
    service: TheService, given: ThePhoto, options: Annotated[Options, Depends(region_options)]
) -> dict[str, Any]:
    """The faces with their places in pixels of the upright photo, and the regions to hide.

    `protected` says whether the photo is protected already.
    """
    async with service.space() as space:
        file = given.place(space.folder, service.uploads, service.limits.file_bytes)

        def find() -> dict[str, Any]:
            subject = _subject(service, given, file, _threshold(options))
            with errors_name(file.name):
                boxes = choose_regions(subject.size, subject.faces or (), options, (), None)
            return {
                "size": list(subject.size),
                "jpeg": subject.jpeg,
                "protected": subject.protected,
                "faces": describe_faces(subject.faces or (), boxes),
                "regions": describe_regions(boxes),
            }

        return await space.run(file, find)


@router.post(
    "/preview",
    summary="What people will see",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}},
)
async def preview(
    service: TheService,
    given: ThePhoto,
    options: Annotated[Options, Depends(region_options)],
    look: TheLook,
    format_name: Annotated[TheFormat, Form(alias="format")] = None,
    original: Annotated[bool, Form(description="The photo as it is.")] = False,
) -> Response:
    """The photo with the look, scaled to at most 1600 pixels, as a JPEG.

    The look is computed at full size by the function that protects; only the noise that holds the
    hidden face, about ±1 level, is missing. The header Proface-Warning says if the look is weak.
    """
    async with service.space() as space:
        file = given.place(space.folder, service.uploads, service.limits.file_bytes)
        spec = look.spec(space.folder, service.limits.file_bytes)

        def draw() -> tuple[bytes, str | None]:
            subject = _subject(service, given, file, None if original else _threshold(options))
            if original:
                return _jpeg(subject.small), None
            jpeg = subject.jpeg if format_name is None else format_name == "jpeg"
            chosen = replace(options, look=spec, jpeg=jpeg)
            with errors_name(file.name):
                picture, _boxes = show(subject, chosen, service.models)
            return _jpeg(picture), warning(get_look(spec))

        data, weak = await space.run(file, draw)
    headers = {} if weak is None else {"Proface-Warning": weak}
    return Response(data, headers=headers, media_type="image/jpeg")


@router.post(
    "/protect",
    summary="Hide the faces, as `proface protect`",
    response_class=Response,
    responses={200: {"content": {"image/*": {}}}},
)
async def protect(
    service: TheService,
    given: ThePhoto,
    key: TheKey,
    options: Annotated[Options, Depends(protect_options)],
    look: TheLook,
    format_name: Annotated[TheFormat, Form(alias="format")] = None,
) -> Response:
    """Answers with the protected file, read back and checked before.

    The header Proface-Record has what `--json` prints, and in `sentence` the printed words.
    """
    async with service.space() as space:
        file = given.place(space.folder, service.uploads, service.limits.file_bytes)
        chosen = replace(options, look=look.spec(space.folder, service.limits.file_bytes))
        secret = key.read()
        check_usage(chosen, (secret,))
        weak = warning(get_look(chosen.look))
        work = Protecting(secret, chosen, require_faces=True, models=service.models)
        lossless = needs_lossless(chosen)
        job = plan_one(file, space.folder / "out", format_name, lossless=lossless)
        outcome = await space.run(file, work, job)
        name = download_name(file.name, "protected", job.output.suffix)
        record = service.record(outcome, name) | ({"warning": weak} if weak else {})
        return send_file(job.output, name, record)


@router.post(
    "/recover",
    summary="Recover the faces, as `proface recover`",
    response_class=Response,
    responses={200: {"content": {"image/*": {}}}},
)
async def recover(
    service: TheService,
    given: ThePhoto,
    key: TheKey,
    format_name: Annotated[TheFormat, Form(alias="format")] = None,
    sidecar: TheSidecar = None,
    force: Annotated[bool, Form(description="Recover what is possible if altered.")] = False,
) -> Response:
    """Answers with the recovered photo; Proface-Record as for `protect`."""
    async with service.space() as space:
        file = given.place(space.folder, service.uploads, service.limits.file_bytes)
        beside = place_sidecar(sidecar, space.folder, service)
        work = Recovering(key.read_any(), sidecar=beside, force=force, models=service.models)
        job = plan_one(file, space.folder / "out", format_name)
        outcome = await space.run(file, work, job)
        name = download_name(file.name, "recovered", job.output.suffix)
        return send_file(job.output, name, service.record(outcome, name))


@router.post("/inspect", summary="What a protected photo tells, as `proface inspect`")
async def inspect_photo(
    service: TheService, given: ThePhoto, sidecar: TheSidecar = None
) -> dict[str, Any]:
    """The header without secrets; `altered` names what changed since the photo was protected."""
    async with service.space() as space:
        file = given.place(space.folder, service.uploads, service.limits.file_bytes)
        beside = place_sidecar(sidecar, space.folder, service)

        def read() -> dict[str, Any]:
            return {"file": file.name, **inspect(file, sidecar=beside).to_json()}

        return await space.run(file, read)


@router.post("/verify", summary="Check that a photo recovers, as `proface verify`")
async def verify_photo(
    service: TheService,
    given: ThePhoto,
    key: TheKey,
    original: Annotated[UploadFile | None, File(description="To compare with.")] = None,
    sidecar: TheSidecar = None,
) -> dict[str, Any]:
    """The report; `fault` says why the photo must not replace its original, or is null."""
    async with service.space() as space:
        most = service.limits.file_bytes
        file = given.place(space.folder, service.uploads, most)
        beside = place_sidecar(sidecar, space.folder, service)
        wanted = None if original is None else write_sent(original, space.folder, "original", most)
        if wanted is not None:
            service.workers.check(wanted)
        secret = key.read()

        def check() -> dict[str, Any]:
            report = verify(file, secret, original=wanted, sidecar=beside, models=service.models)
            record = report.to_json() | {"file": file.name, "lines": report.lines()}
            fault = report.fault
            return record | {"fault": fault and without_paths(fault, service.folder)}

        return await space.run(file, check)


def plan_one(file: Path, folder: Path, format_name: str | None, *, lossless: bool = False) -> Job:
    """The job of one photo or video, planned as the commands do; its output is in the folder."""
    target = make_target([file], f"{folder}/", format_name, lossless=lossless)
    (job,) = make_plan([file], target).jobs
    return job


def place_sidecar(sidecar: UploadFile | None, folder: Path, service: Service) -> Path | None:
    """Write the header's file, if one was sent."""
    if sidecar is None:
        return None
    return write_sent(sidecar, folder, "sidecar", service.limits.file_bytes)


def _subject(service: Service, given: Given, file: Path, threshold: float | None) -> Subject:
    """The decoded photo with its faces; of an upload, what an earlier request decoded."""
    if given.upload is None:
        return open_subject(file, side=PREVIEW_SIDE, threshold=threshold)
    return service.uploads.subject(service.uploads.get(given.upload), threshold)


def _threshold(options: Options) -> float | None:
    if not options.detect:
        return None
    return min(options.threshold, POSSIBLE) if options.careful else options.threshold


def _jpeg(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=90)
    return file.getvalue()
