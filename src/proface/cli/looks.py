"""`looks`: list the looks and what they leak."""

from __future__ import annotations

from proface.cli import options
from proface.cli.output import say, say_facts, say_json


def looks(json: options.JsonLines = False) -> None:
    """List the looks, their strengths, and what they leak."""
    from proface.looks import LOOKS
    from proface.looks.leakage import describe, figures

    parts = ("meaning", "default", "range", "leaks")
    for number, (name, look) in enumerate(sorted(LOOKS.items())):
        facts = [(part, str(getattr(look, part))) for part in parts]
        measured = figures(name)
        if json:
            record = {"name": name, "summary": look.summary, **dict(facts)}
            say_json(record | {"measured": dict(measured)})
            continue
        if number:
            say("")
        shown = {"meaning": "strength"}
        rows = [(name, look.summary), *((shown.get(k, k), v) for k, v in facts if v)]
        say_facts([*rows, *((chosen, describe(leak)) for chosen, leak in measured)])
