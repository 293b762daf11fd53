"""Face recognition networks behind one interface; none is used in training.

    sface   `proface.faces.recognition`; part of every installation
    dlib    `dlib_recogniser`; the extra `evaluate`

Embeddings are compared by their cosine. Another recogniser is another entry of `KNOWN`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from proface.errors import UsageError
from proface.faces.networks import network
from proface.faces.recognition import embed
from proface.research.evaluation.dlib_recogniser import embed_dlib, load_dlib
from proface.types import Face

# A uint8 H x W x 3 RGB image and a face in it -> float32 embedding of unit length.
Embed = Callable[[NDArray[np.uint8], Face], NDArray[np.float32]]
KNOWN: dict[str, Embed] = {"sface": embed, "dlib": embed_dlib}


def recogniser(name: str) -> Embed:
    """The recogniser of this name, "sface" or "dlib", loaded.

    Raises:
        UsageError: unknown name.
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
