"""Whom recognisers name under each look, as measured: `proface attack --only looks`.

The figures lie in leaks.json, as that command wrote them.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any

from proface.obfuscators.look import Look

ALLOWED = 0.10  # upper 95 % bound of the people named; a look that leaves more is warned of


@lru_cache(maxsize=1)
def measured() -> dict[str, Any]:
    """What leaks.json holds."""
    text = (files("proface.obfuscators") / "leaks.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def figures(name: str) -> list[tuple[str, dict[str, Any]]]:
    """The looks of this name that were measured, weakest first, with what was found."""
    kept = [pair for pair in measured()["looks"].items() if pair[0].partition(":")[0] == name]
    return sorted(kept, key=lambda pair: _strength(pair[0]))


def told(leak: dict[str, Any]) -> str:
    """A measurement on one line: people named first, and its upper 95 % bound."""
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
    """What to tell whoever chose a look that is too weak, or None.

    A strength is enough if it and every stronger one that was measured leave at most ALLOWED; of
    looks whose strength is no number, such as stickers, each stands for itself.
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
    """Of a look as it is written; 0 where it is no number."""
    try:
        return float(spec.partition(":")[2])
    except ValueError:
        return 0.0
