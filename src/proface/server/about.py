"""Routes that say what the service can do: /v1/about, /v1/looks."""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter

from proface import __version__
from proface.looks import LOOKS
from proface.looks.leakage import describe, figures
from proface.looks.stickers import STICKERS
from proface.models.cards import list_models
from proface.server.service import TheService

router = APIRouter(prefix="/v1")
_RANGE = re.compile(r"([\d.]+) to ([\d.]+)(, odd)?")


@router.get("/about", summary="Version, limits, models")
async def about(service: TheService) -> dict[str, Any]:
    """What a client needs to know before it sends anything."""
    limits = service.limits
    return {
        "version": __version__,
        "limits": {
            "file_bytes": limits.file_bytes,
            "video_bytes": limits.video_bytes,
            "pixels": limits.pixels,
            "seconds": limits.seconds,
            "uploads": limits.uploads,
            "keep_seconds": limits.keep_seconds,
        },
        "models": [{"name": card.name, "sha256": card.digest} for card in list_models()],
    }


@router.get("/looks", summary="The looks, as `proface looks`")
async def looks() -> list[dict[str, Any]]:
    """Each look with its strengths and what it leaks.

    `least`, `most` and `step` are for looks with a number, `choices` for those with names; a look
    with neither needs a picture.
    """
    return [_look(name) for name in sorted(LOOKS)]


def _look(name: str) -> dict[str, Any]:
    kind = LOOKS[name]
    number = _RANGE.fullmatch(kind.range)
    return {
        "name": name,
        "summary": kind.summary,
        "meaning": kind.meaning if number else "",
        "default": kind.default,
        "range": kind.range if number else "",
        "least": float(number[1]) if number else None,
        "most": float(number[2]) if number else None,
        "step": (2 if number[3] else 1) if number else None,
        "choices": list(STICKERS) if name == "mask" else [],
        "leaks": kind.leaks,
        "measured": [
            {"look": spec, "text": describe(leak), **leak} for spec, leak in figures(name)
        ],
    }
