"""Routes for many photos and videos: /v1/jobs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form
from starlette.responses import Response

from proface.batch import FrameProgress, Job, Outcome, Protecting, Recovering, needs_lossless
from proface.files.protect import check_usage
from proface.looks import get_look
from proface.options import Options
from proface.server.forms import protect_options
from proface.server.photos import TheFormat, TheKey, TheLook, plan_one
from proface.server.problems import Refusal
from proface.server.service import TheService, send_file

router = APIRouter(prefix="/v1/jobs")

TheUploads = Annotated[list[str], Form(alias="upload", description="An upload's id. Repeatable.")]


@router.post(
    "/protect", status_code=HTTPStatus.ACCEPTED, summary="Hide the faces of many photos and videos"
)
async def protect(
    service: TheService,
    uploads: TheUploads,
    key: TheKey,
    options: Annotated[Options, Depends(protect_options)],
    look: TheLook,
    format_name: Annotated[TheFormat, Form(alias="format")] = None,
) -> dict[str, Any]:
    """Starts a job; its uploads belong to it from now on.

    Each photo is done as by `/v1/protect`, each video as by the command, under one key derivation.
    One that fails is a record with its reason.
    """
    service.jobs.check_room()
    with service.jobs.new_folder() as folder:
        chosen = replace(options, look=look.spec(folder, service.limits.file_bytes))
        get_look(chosen.look)
        secret = key.read()
        check_usage(chosen, (secret,))
        work = Protecting(secret, chosen, models=service.models)
        planned = partial(plan_one, format_name=format_name, lossless=needs_lossless(chosen))
        taken = service.uploads.take(uploads)
        return service.jobs.start(folder, taken, planned, partial(_told, work)).to_json()


@router.post("/recover", status_code=HTTPStatus.ACCEPTED, summary="Recover many photos and videos")
async def recover(
    service: TheService,
    uploads: TheUploads,
    key: TheKey,
    format_name: Annotated[TheFormat, Form(alias="format")] = None,
    force: Annotated[bool, Form(description="Recover what is possible if altered.")] = False,
) -> dict[str, Any]:
    """Starts a job, as `/v1/jobs/protect`."""
    service.jobs.check_room()
    work = Recovering(key.read_any(), force=force, models=service.models)
    planned = partial(plan_one, format_name=format_name)
    taken = service.uploads.take(uploads)
    with service.jobs.new_folder() as folder:
        return service.jobs.start(folder, taken, planned, partial(_told, work)).to_json()


@router.get("/{job}", summary="Progress")
async def progress(service: TheService, job: str) -> dict[str, Any]:
    """How many are done, the record of each, and the frames of videos in progress."""
    return service.jobs.get(job).to_json()


@router.get(
    "/{job}/result",
    summary="All results in one ZIP file",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}}},
)
async def result(service: TheService, job: str) -> Response:
    """The files, and `records.jsonl` with a line for each photo or video."""
    found = service.jobs.get(job)
    if found.state != "done":
        raise Refusal(HTTPStatus.CONFLICT, "The job is not done yet. Ask for its progress.")
    return send_file(found.archive, "proface.zip")


@router.delete("/{job}", status_code=HTTPStatus.NO_CONTENT, summary="Cancel and remove a job")
async def remove(service: TheService, job: str) -> None:
    """Photos in progress are finished and thrown away. No error if it is gone already."""
    await service.jobs.remove(job)


def _told(work: Protecting | Recovering, job: Job, progress: FrameProgress) -> Outcome:
    return replace(work, progress=progress)(job)
