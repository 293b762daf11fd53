"""`looks` and `models`: what there is to choose from."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from proface.cli.output import say, say_facts, say_json

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one line for each.")]


def looks(json: AsJson = False) -> None:
    """List the looks, their strengths, and what they leak."""
    from proface.obfuscators import LOOKS
    from proface.obfuscators.leaks import figures, told

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
        say_facts([*rows, *((chosen, told(leak)) for chosen, leak in measured)])


def models(json: AsJson = False) -> None:
    """List the models, with their data and figures."""
    from proface.runtime import list_models

    for number, card in enumerate(list_models()):
        if json:
            say_json({**card.facts, "digest": card.digest, "imported": not card.is_shipped})
            continue
        if number:
            say("")
        facts = card.facts
        rows: list[tuple[str, object]] = [(card.name, facts.get("flow", ""))]
        yields = {"random": "yields noise", "obfuscated": "yields the look"}
        rows += [("digest", card.digest), ("a wrong key", yields[card.mode])]
        if not card.is_shipped:
            rows.append(("imported", f"in {card.folder}"))
        rows += [("trained on", text) for text in facts.get("trained_on", ())]
        rows += [(name, _short(facts[name])) for name in ("parameters", "licence") if name in facts]
        measured = facts.get("measured", {}).get("figures", {})
        rows += [("measured", f"{n}: {_figures(row, card.mode)}") for n, row in measured.items()]
        say_facts(rows)
    if not json:
        _say_swaps()


def _say_swaps() -> None:
    """The networks of looks that were imported."""
    from proface.obfuscators.swaps.checkpoints import NETWORKS
    from proface.runtime.folder import weights_file

    here = [name for name in NETWORKS if weights_file(name).exists()]
    if here:
        say("")
        say_facts([(name, f"{NETWORKS[name].title}, for a look; imported") for name in here])


def _figures(row: dict[str, Any], mode: str) -> str:
    names = {"protected": "protected", "recovered": "recovered", "wrong_key": "wrong key"}
    if mode == "obfuscated":
        names["wrong_key_to_look"] = "to the look"
    known = [(text, row.get(f"{name}_psnr")) for name, text in names.items()]
    return ", ".join(f"{text} {figure:.1f} dB" for text, figure in known if figure is not None)


def _short(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
