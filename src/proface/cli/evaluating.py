"""`evaluate`: how well it hides, recovers and conceals, on folders of photos."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proface.cli.options import Device
from proface.cli.output import complain, progress, say
from proface.errors import UsageError

if TYPE_CHECKING:
    from proface.cli.output import Bar


def evaluate(
    data: Annotated[
        list[Path],
        typer.Option(
            "--data",
            metavar="DIR",
            help="Photos with a face each, or LFW's layout with its pairs.txt. Repeatable.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The folder for report and pictures.")
    ],
    model: Annotated[
        list[str] | None,
        typer.Option("--model", metavar="NAME", help="What hides. Repeatable; padded."),
    ] = None,
    looks: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Looks, with commas between; the paper's six, and swap."),
    ] = None,
    measure: Annotated[
        list[str] | None,
        typer.Option(
            "--measure",
            metavar="NAME",
            help="fidelity, sface, dlib, or gender. Repeatable; all of them.",
        ),
    ] = None,
    most: Annotated[
        int | None,
        typer.Option("--most", metavar="N", help="Images of each folder at most."),
    ] = None,
    device: Device = "cpu",
) -> None:
    """Make the paper's tables from saved files: likeness, recognition, gender, costs.

    The central face of each photo is cropped to 256 x 256 and protected whole, in every look. What
    was measured is kept image by image: a run that was stopped goes on with the same command, and
    a larger --most adds to it. Needs the extra `evaluate` and the packages of carriers.txt.
    """
    if most is not None and most < 1:
        raise UsageError(f"--most {most}: give a number of images, from 1.")
    from proface.evaluation.evaluate import evaluate as run
    from proface.evaluation.evaluate import make_plan

    chosen = [look.strip() for look in looks.split(",")] if looks else None
    plan = make_plan(list(dict.fromkeys(model or ["padded"])), data, chosen, measure, most, device)
    for look, why in plan.left_out.items():
        complain(f"the look {look} is left out: {why}")
    with ExitStack() as stack:
        bar: list[Bar] = []

        def begin(total: int, done: int) -> None:
            if done:
                say(f"{done} of {total} images were measured before")
            shown = stack.enter_context(progress(total, wanted=True))
            if shown is not None:
                bar.append(shown)
                for _image in range(done):
                    shown.advance()

        def tell(record: dict[str, Any]) -> None:
            if "error" in record:
                complain(f"passed over: {record['error']}")
            for shown in bar:
                shown.advance()

        try:
            report = run(plan, out, begin, tell)
        except KeyboardInterrupt:
            complain("cancelled; the same command goes on where it was.")
            raise
    for name, row in report["data"].items():
        say(f"{name}: {row['measured']} of {row['images']} images measured")
    say(f"-> {out / 'report.md'}, report.json, {len(report['pictures'])} pictures")
