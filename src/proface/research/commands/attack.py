"""`attack`: attacks on protected pictures without the key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from proface.cli.output import complain, say, say_json
from proface.errors import MissingExtraError, UsageError


def attack(
    data: Annotated[
        list[Path],
        typer.Option("--data", metavar="FOLDER", help="Photos to train attackers on. Repeatable."),
    ],
    test: Annotated[
        list[Path], typer.Option("--test", metavar="FOLDER", help="Photos to test on. Repeatable.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--out", metavar="FOLDER", help="Report, pictures, checkpoints.")
    ],
    model: Annotated[
        str, typer.Option("--model", metavar="NAME", help="The model to attack.")
    ] = "padded",
    only: Annotated[
        str | None, typer.Option("--only", metavar="NAME,...", help="Run only these attacks.")
    ] = None,
    budget: Annotated[
        str,
        typer.Option(
            "--budget", metavar="TIME", help="Time for each attacker on two cores: 90s, 10m, 1h."
        ),
    ] = "10m",
    sizes: Annotated[
        str,
        typer.Option(
            "--sizes", metavar="NAME,...", help="Attacker networks: tiny, small, medium, large."
        ),
    ] = "medium,small",
    json: Annotated[
        bool, typer.Option("--json", help="Print JSON, one line for each attack.")
    ] = False,
) -> None:
    """Attack a model without its key and report leaks.

    Each attack gives a verdict, with baseline and 95 % confidence intervals. The same command
    resumes an interrupted run. Needs the extra `evaluate`.
    """
    minutes = _minutes(budget)
    try:
        from proface.research.attacks.inversion import Budget
        from proface.research.attacks.restorer_network import WIDTHS
        from proface.research.attacks.run_attacks import ATTACKS, AttackPlan
        from proface.research.attacks.run_attacks import attack as run
    except ImportError as error:
        raise MissingExtraError(
            f'{error.name} is not installed. Run pip install "proface[evaluate]".'
        ) from None
    plan = AttackPlan(
        model,
        data,
        test,
        output,
        _names(only or ",".join(ATTACKS), "--only", tuple(ATTACKS)),
        Budget(minutes, _names(sizes, "--sizes", tuple(WIDTHS))),
    )
    for finding in run(plan, complain):
        if json:
            say_json(finding.to_json())
        else:
            say(f"{finding.attack}: {finding.verdict}. {finding.because}")
    if not json:
        say(f"report: {output / 'attacks.md'}")


def _names(text: str, option: str, known: tuple[str, ...]) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise UsageError(f"{option} {name}: choose from {', '.join(known)}.")
    if not names:
        raise UsageError(f"{option}: name at least one of {', '.join(known)}.")
    return list(dict.fromkeys(names))


def _minutes(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|h)", text.strip())
    if match is None or not float(match[1]):
        raise UsageError(f"--budget {text}: give a time such as 90s, 10m or 1h.")
    return float(match[1]) * {"s": 1 / 60, "m": 1, "h": 60}[match[2]]
