"""SimSwap: a network gives each face another person's identity. Weights must be brought."""

from __future__ import annotations

from collections.abc import Sequence

from proface.geometry import Face
from proface.obfuscators.look import Look, LookKind, Pixels
from proface.obfuscators.targets import MEANING, RANGE, parse_target


def _parse(text: str) -> Look:
    """As `parse_target`; that torch or the weights are missing is told at once."""
    from proface.obfuscators.swaps.weights import require_weights

    look = parse_target("simswap", text)
    require_weights("simswap")
    return look


def _apply(pixels: Pixels, look: Look, faces: Sequence[Face]) -> Pixels:
    from proface.obfuscators.swaps.apply import swap_faces

    return swap_faces(pixels, look, faces)


LOOK = LookKind(
    name="simswap",
    summary="Another person's face, put there by the network SimSwap, whose weights you bring",
    meaning=MEANING,
    default="",
    range=RANGE.replace("swap:", "simswap:"),
    leaks="Not measured here, as the published weights cannot be shipped. Pose, expression, hair, "
    "build and surroundings stay visible.",
    parse=_parse,
    apply=_apply,
)
