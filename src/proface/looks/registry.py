"""The registry of looks: finds them, parses a user's choice, applies it."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Sequence

import numpy as np

from proface.errors import UsageError
from proface.looks.look import Look, LookKind
from proface.types import Face, Pixels


def _find_looks() -> dict[str, LookKind]:
    """Every LOOK that a module of this package holds, by name."""
    package, _, own = __name__.rpartition(".")
    found = {}
    for module in pkgutil.iter_modules(sys.modules[package].__path__):
        if module.name != own:
            kind = getattr(importlib.import_module(f"{package}.{module.name}"), "LOOK", None)
            if isinstance(kind, LookKind):
                found[kind.name] = kind
    return dict(sorted(found.items()))


LOOKS = _find_looks()


def get_look(spec: str) -> Look:
    """The look that `spec` names: "blur", "pixelate:20", "mask:star" or "mask:/path/to.png".

    Raises:
        UsageError: no such look, or a strength that is out of range or malformed.
    """
    name, colon, strength = spec.strip().partition(":")
    kind = _kind(name.strip().lower())
    if colon and not strength.strip():
        raise UsageError(f"look {spec!r}: a strength must follow the colon ({kind.range})")
    return kind.parse(strength.strip() or kind.default)


def obfuscate(pixels: Pixels, look: str | Look, faces: Sequence[Face] = ()) -> Pixels:
    """The region in the given look, at the region's own resolution.

    Deterministic for the same input; reads no pixel outside the region.

    Args:
        pixels: uint8 H x W x 3, RGB; both sides 2 or more, odd ones too.
        look: a look, or its spec as `get_look` reads it. Its strength is stated for 256 x 256 and
            grows with the square root of the area (`strength_scale`).
        faces: the faces, in coordinates of the region: `mask` and the swaps cover them, other looks
            get at least the strength that a region with the usual surroundings would. Without
            any, `mask` covers most of the region, and swaps detect faces themselves.

    Returns:
        uint8, the same shape, a new array.

    Raises:
        UsageError: an array of another dtype or shape, or an unknown look.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise UsageError(
            f"a look needs uint8 pixels, H x W x 3; this is {pixels.dtype} {pixels.shape}"
        )
    if min(pixels.shape[:2]) < 2:
        raise UsageError(f"a region needs sides of 2 px or more; this is {pixels.shape}")
    if isinstance(look, str):
        look = get_look(look)
    return _kind(look.name).apply(pixels, look, faces)


def _kind(name: str) -> LookKind:
    if name not in LOOKS:
        raise UsageError(f"no look is called {name!r}; choose from {', '.join(LOOKS)}")
    return LOOKS[name]
