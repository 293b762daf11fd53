"""Pictures as an attacker gets them: of flows that survive it, out of the saved JPEG.

Pictures of the robust flow are usually in JPEG files. A PNG of it holds more than any JPEG made
from it, so statistics and copies are attacked in both.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Literal

from proface.embedding.base import Change
from proface.models.flow import Flow
from proface.models.store import load_flow
from proface.pipeline.survival import saved
from proface.research.evaluation.methods import FlowMethod, Method, method
from proface.research.evaluation.protected_files import hide
from proface.types import Pixels

QUALITY = 92  # of a JPEG: the default of `protect`


def file_kind(flow: Flow) -> Literal["JPEG", "PNG"]:
    """The kind of file that a flow's pictures are in."""
    return "JPEG" if Change.RECOMPRESSION in flow.survives else "PNG"


def as_saved(picture: Pixels, kind: str) -> Pixels:
    """A picture after it was saved as JPEG or PNG and opened again."""
    return saved(picture, "JPEG", quality=QUALITY) if kind == "JPEG" else picture


class SavedFlow(FlowMethod):
    """A flow whose pictures are saved as files, under a fresh key each."""

    def __init__(self, flow: Flow, kind: str | None = None) -> None:
        super().__init__(flow)
        self.kind = kind or file_kind(flow)

    def hide(self, x: Pixels, o: Pixels) -> tuple[Pixels, bytes]:
        """See `Method`."""
        key = os.urandom(32)
        return as_saved(hide(self.flow, x, o, self._pad(x, key)), self.kind), key


def attacked(name: str, kind: str | None = None) -> Method:
    """The method of this name, with pictures as saved: of the usual kind of file, or of this one.

    Raises:
        UsageError: there is none.
    """
    way = method(name)
    return SavedFlow(way.flow, kind) if isinstance(way, FlowMethod) else way


@lru_cache(maxsize=2)
def control_flow(model: str) -> Flow:
    """The flow that the positive controls spoil: robust for a robust model, else padded."""
    return load_flow(model if is_robust(model) else "padded")


def is_robust(model: str) -> bool:
    """Whether this is a model of the robust flow."""
    way = method(model)
    return isinstance(way, FlowMethod) and way.flow.kind == "robust"
