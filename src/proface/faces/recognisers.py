"""Networks that tell people apart, behind one interface. No training here uses any of them.

    sface   see `embed`; part of every installation
    dlib    see `dlib_face`; the extra `evaluate`

Both are judged by the cosine of two embeddings. A third one is one more entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from proface.errors import UsageError
from proface.faces.dlib_face import embed_dlib, load_dlib
from proface.faces.embed import embed
from proface.faces.networks import network
from proface.geometry import Face


@dataclass(frozen=True)
class Recogniser:
    """One network.

    Attributes:
        name: what it is called here.
        embed: pixels, uint8 H x W x 3 RGB, and a face in them -> float32 vector of unit length.
        threshold: two faces whose vectors have at least this cosine are one person's.
    """

    name: str
    embed: Callable[[NDArray[np.uint8], Face], NDArray[np.float32]]
    threshold: float

    def same(self, a: NDArray[np.float32], b: NDArray[np.float32]) -> bool:
        """Whether two embeddings are one person's."""
        return float(a @ b) >= self.threshold


# dlib's own rule is a distance of 0.6 between vectors whose length is 1.43 on average; a cosine of
# 0.91 is as near: 1 - 0.6² / (2 · 1.43²).
KNOWN = {
    "sface": Recogniser("sface", embed, 0.363),
    "dlib": Recogniser("dlib", embed_dlib, 0.91),
}


def recogniser(name: str) -> Recogniser:
    """The recogniser of this name, "sface" or "dlib", ready to run.

    Raises:
        UsageError: there is none.
        MissingExtraError: it is not installed; the message names the command.
        ModelError: its file is missing or altered.
    """
    if name not in KNOWN:
        raise UsageError(f"no recogniser is called {name!r}; choose from {', '.join(KNOWN)}")
    if name == "dlib":
        load_dlib()
    else:
        network("sface")
    return KNOWN[name]
