"""`looks` and `models`: what there is to choose from."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from proface.cli.output import say, say_facts, say_json

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one line for each.")]


def looks(json: AsJson = False) -> None:
    """List the looks, their strengths, and what they leak."""
    from proface.obfuscators import LOOKS

    parts = ("meaning", "default", "range", "leaks")
    for number, (name, look) in enumerate(sorted(LOOKS.items())):
        facts = [(part, str(getattr(look, part))) for part in parts]
        if json:
            say_json({"name": name, "summary": look.summary, **dict(facts)})
            continue
        if number:
            say("")
        shown = {"meaning": "strength"}
        say_facts([(name, look.summary), *((shown.get(k, k), v) for k, v in facts if v)])


def models(json: AsJson = False) -> None:
    """List the models, with their data and figures."""
    from proface.runtime import list_models

    for number, card in enumerate(list_models()):
        if json:
            say_json({**card.facts, "digest": card.digest})
            continue
        if number:
            say("")
        facts = card.facts
        rows: list[tuple[str, object]] = [(card.name, facts.get("flow", ""))]
        rows += [("digest", card.digest), ("a wrong key", f"yields a {card.mode} picture")]
        rows += [("trained on", text) for text in facts.get("trained_on", ())]
        rows += [(name, _short(facts[name])) for name in ("parameters", "licence") if name in facts]
        measured = facts.get("measured", {}).get("figures", {})
        rows += [("measured", f"{name}: {_figures(row)}") for name, row in measured.items()]
        say_facts(rows)


def _figures(row: dict[str, Any]) -> str:
    names = {"protected": "protected", "recovered": "recovered", "wrong_key": "wrong key"}
    known = [(text, row.get(f"{name}_psnr")) for name, text in names.items()]
    return ", ".join(f"{text} {figure:.1f} dB" for text, figure in known if figure is not None)


def _short(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
