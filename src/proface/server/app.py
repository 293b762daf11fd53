"""The application: routes, errors, what begins and ends with it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from proface import __version__
from proface.errors import ProfaceError
from proface.models.store import ModelStore
from proface.server import about, job_routes, key_routes, photos
from proface.server.guard import Guard
from proface.server.problems import Refusal, problem, problem_of
from proface.server.reference import reference
from proface.server.service import Service
from proface.server.settings import Access, Limits

PAGE = Path(__file__).with_name("page")
SWEEP_SECONDS = 30
SUMMARY = "Hide the faces in photos behind a look; only the password recovers them."


def make_app(folder: Path, access: Access, limits: Limits, models: ModelStore) -> FastAPI:
    """The service as an ASGI application.

    Args:
        folder: private, for what clients send.
        access: who may use it.
        limits: what a request may cost.
        models: loads the flows.
    """

    @contextlib.asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        service = app.state.service = Service(folder, limits, models)
        sweeper = asyncio.create_task(_sweep(service))
        yield
        sweeper.cancel()
        await service.jobs.close()
        service.workers.close()

    app = FastAPI(
        title="proface",
        version=__version__,
        summary=SUMMARY,
        docs_url=None,  # its page loads from a CDN
        redoc_url=None,
        openapi_url="/openapi.json",
        lifespan=life,
    )
    app.add_middleware(Guard, access=access, limits=limits, folder=folder)

    async def failed(_request: Request, error: Exception) -> Response:
        return problem_of(error, folder)

    for kind in (ProfaceError, Refusal, OSError, MemoryError):
        app.add_exception_handler(kind, failed)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    for module in (photos, key_routes, job_routes, about):
        app.include_router(module.router)
    _add_pages(app)
    return app


async def _sweep(service: Service) -> None:
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        service.uploads.remove_old()
        await service.jobs.remove_old()


async def _invalid(_request: Request, error: Exception) -> Response:
    """A field that is missing or of another type; what was given is not repeated."""
    assert isinstance(error, RequestValidationError)
    faults = [(fault["loc"][1:2] or fault["loc"], str(fault["msg"])) for fault in error.errors()]
    text = "; ".join(f"`{place[0]}`: {reason.lower()}" for place, reason in faults)
    return problem(HTTPStatus.BAD_REQUEST, f"{text}. See /docs.", title="Invalid request", code=2)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(HTTPStatus(error.status_code), f"{error.detail}", headers=error.headers)


def _add_pages(app: FastAPI) -> None:
    """The page for people, and the reference of the requests."""

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(reference(app.openapi()))

    app.mount("/static", StaticFiles(directory=PAGE), name="static")
