"""Hide the faces in photos behind a look; only the password brings them back.

    import proface

    key = proface.Key.from_password("correct horse")
    result = proface.protect("photo.jpg", key, look="pixelate")
    result.save("protected.png")
    original = proface.recover("protected.png", key)

The names below are stable. They load on first use, so that importing proface is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proface.errors import ProfaceError
    from proface.keys import FaceKeys, Key
    from proface.obfuscators import obfuscate
    from proface.pipeline import protect
    from proface.recovering import recover
    from proface.runtime import load_flow

__version__ = "0.1.0"
__all__ = ["FaceKeys", "Key", "ProfaceError", "load_flow", "obfuscate", "protect", "recover"]

_HOMES = {
    "FaceKeys": "proface.keys",
    "Key": "proface.keys",
    "ProfaceError": "proface.errors",
    "load_flow": "proface.runtime",
    "obfuscate": "proface.obfuscators",
    "protect": "proface.pipeline",
    "recover": "proface.recovering",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'proface' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
