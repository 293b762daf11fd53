"""Errors as problem documents (RFC 9457), with the words and exit codes of the commands."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from starlette.responses import Response

from proface import errors
from proface.errors import ProfaceError, describe

# The first class that fits decides.
STATUS: tuple[tuple[type[Exception], HTTPStatus], ...] = (
    (errors.UsageError, HTTPStatus.BAD_REQUEST),
    (errors.UnsupportedImageError, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    (errors.ImageError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.AlreadyProtectedError, HTTPStatus.CONFLICT),
    (errors.NotProtectedError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.FacesRequiredError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.CheckFailedError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.DamagedFileError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.WrongPasswordError, HTTPStatus.FORBIDDEN),
    (errors.ModelError, HTTPStatus.BAD_REQUEST),
    (errors.MissingExtraError, HTTPStatus.NOT_IMPLEMENTED),
    (MemoryError, HTTPStatus.SERVICE_UNAVAILABLE),
)
TITLES = {
    "UsageError": "Invalid request",
    "UnsupportedImageError": "Unsupported image",
    "ImageError": "Unreadable image",
    "AlreadyProtectedError": "Protected already",
    "NotProtectedError": "Not protected",
    "FacesRequiredError": "No face",
    "CheckFailedError": "Check failed",
    "DamagedFileError": "Damaged or altered",
    "WrongPasswordError": "Wrong password",
}


class Refusal(Exception):
    """A request that the service itself refuses.

    Args:
        status: the HTTP status.
        detail: what is wrong and what to do.
        headers: more headers of the answer.
    """

    def __init__(
        self, status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, dict(headers or {})


class TooLarge(Refusal):
    """A file, body or picture over a limit."""

    def __init__(self, detail: str) -> None:
        super().__init__(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)


class Busy(Refusal):
    """A limit on what is done or kept at a time was reached."""

    def __init__(self, detail: str, seconds: int = 2) -> None:
        super().__init__(HTTPStatus.TOO_MANY_REQUESTS, detail, {"Retry-After": str(seconds)})


class TooSlow(Refusal):
    """The work on a photo or video took longer than it may."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"This took over {seconds:g} seconds, the service's limit. Make the photo or "
            "video smaller, or use the command.",
            {"Retry-After": "30"},
        )


def status_of(error: Exception) -> HTTPStatus:
    """The HTTP status of an error."""
    if isinstance(error, Refusal):
        return error.status
    for kind, status in STATUS:
        if isinstance(error, kind):
            return status
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return HTTPStatus.INSUFFICIENT_STORAGE
    return HTTPStatus.INTERNAL_SERVER_ERROR


def wording(error: Exception, folder: Path | None = None) -> str:
    """An error as the command words it, without the service's own paths.

    A fault of the program is named by its kind alone: its text could contain anything.
    """
    if isinstance(error, Refusal):
        return error.detail
    if not isinstance(error, ProfaceError | OSError | MemoryError):
        return (
            f"unexpected {type(error).__name__}. This is a bug in proface: try the command "
            "`proface --debug` with the same photo and report its output."
        )
    return without_paths(describe(error), folder)


def without_paths(text: str, folder: Path | None) -> str:
    """A text with files named as the client named them: without the service's folders."""
    if folder is None:
        return text
    # What lies there: an upload or request, in it perhaps the part of a request or of a job.
    inner = r"/[0-9a-f]{32}/(?:[0-9a-f]{32}/|(?:photo|look|original|sidecar|out)/)?"
    return re.sub(re.escape(str(folder)) + inner, "", text)


def problem(
    status: HTTPStatus,
    detail: str,
    *,
    title: str | None = None,
    code: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document. code: the exit code that the command would give."""
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": title or status.phrase,
        "status": status.value,
        "detail": detail,
    }
    if code is not None:
        content["code"] = code
    return Response(
        json.dumps(content, ensure_ascii=True),
        status.value,
        dict(headers or {}),
        "application/problem+json",
    )


def problem_of(error: Exception, folder: Path | None = None) -> Response:
    """The answer to a request that failed."""
    return problem(
        status_of(error),
        wording(error, folder),
        title=TITLES.get(type(error).__name__),
        code=error.exit_code if isinstance(error, ProfaceError) else None,
        headers=error.headers if isinstance(error, Refusal) else None,
    )
