"""Hide the faces in photos behind a look; only the password recovers them.

    import proface

    key = proface.Key.from_password("correct horse")
    result = proface.protect("photo.jpg", key, proface.Options(look="pixelate"))
    result.save("protected.png")
    original = proface.recover("protected.png", key).image

The names below are the stable API. They are imported on first use, which keeps startup fast.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proface.errors import ProfaceError as ProfaceError
    from proface.files.protect import Protected as Protected
    from proface.files.protect import protect as protect
    from proface.files.recover import recover as recover
    from proface.files.recovered import Recovered as Recovered
    from proface.files.verify import verify as verify
    from proface.keys import FaceKeys as FaceKeys
    from proface.keys import Key as Key
    from proface.looks import obfuscate as obfuscate
    from proface.models.store import load_flow as load_flow
    from proface.options import Options as Options

# ONNX Runtime (from 1.29 on) and Ray report their use to their makers unless told not to before
# they are loaded; ONNX Runtime also leaves an identifier in the user's cache. Nothing that handles
# people's faces should: whoever wants it sets these variables.
for _name, _value in (("ORT_DISABLE_TELEMETRY", "1"), ("RAY_USAGE_STATS_ENABLED", "0")):
    os.environ.setdefault(_name, _value)

__version__ = "0.1.0"
_MODULES = {
    "FaceKeys": "proface.keys",
    "Key": "proface.keys",
    "Options": "proface.options",
    "ProfaceError": "proface.errors",
    "Protected": "proface.files.protect",
    "Recovered": "proface.files.recovered",
    "load_flow": "proface.models.store",
    "obfuscate": "proface.looks",
    "protect": "proface.files.protect",
    "recover": "proface.files.recover",
    "verify": "proface.files.verify",
}
__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'proface' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
