"""Measured re-identification rates (rank-1) under each look, and warnings about weak looks.

The figures are in leakage.json, as `proface attack --only looks` wrote them.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any, cast

from proface.looks.look import Look

ALLOWED = (
    0.10  # highest upper 95 % confidence bound of the re-identification rate without a warning
)


@lru_cache(maxsize=1)
def measured() -> dict[str, Any]:
    """The content of leakage.json."""
    text = (files("proface.looks") / "leakage.json").read_text("utf-8")
    return cast(dict[str, Any], json.loads(text))


def figures(name: str) -> list[tuple[str, dict[str, Any]]]:
    """The measured strengths of the look `name`, weakest first: canonical form and figures."""
    kept = [pair for pair in measured()["looks"].items() if pair[0].partition(":")[0] == name]
    return sorted(kept, key=lambda pair: _strength(pair[0]))


def describe(leak: dict[str, Any]) -> str:
    """A measurement in one line: re-identification rates with their upper 95 % bounds."""
    ways = {
        "direct": "as it is",
        "restored": "restored by a network",
        "alike": "gallery treated alike",
    }
    parts = []
    for way, words in ways.items():
        if leak.get(way):
            part, _low, high = max(leak[way].values())
            parts.append(f"{words} {part:.0%} (under {high:.0%})")
    return f"names of {measured()['people']} people: {', '.join(parts)}"


def warning(look: Look) -> str | None:
    """A warning for a look that is too weak, or None.

    A strength is enough if the bounds of it and of every stronger measured one are below ALLOWED.
    Looks without a numeric strength, such as stickers, are judged one by one.
    """
    known = figures(look.name)
    if isinstance(look.strength, str):
        known = [pair for pair in known if pair[0] == str(look)]
    enough = nearest = None
    for spec, leak in reversed(known):
        if leak["bound"] >= ALLOWED:
            nearest = spec, leak
            break
        enough = spec
    if nearest is None or (enough is not None and _strength(str(look)) >= _strength(enough)):
        return None
    advice = f"Choose {enough} or stronger" if enough else "Choose another look"
    part, _low, high = max(
        figure for way in ("direct", "restored") for figure in nearest[1][way].values()
    )
    return (
        f"{look} may not hide who it is: under {nearest[0]} a program names {part:.0%} of "
        f"{measured()['people']} people, perhaps {high:.0%}. {advice}."
    )


def _strength(spec: str) -> float:
    """The strength in a look's canonical form; 0 where it is not a number."""
    try:
        return float(spec.partition(":")[2])
    except ValueError:
        return 0.0
