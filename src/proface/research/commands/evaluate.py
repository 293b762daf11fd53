"""`evaluate`: image quality, face recognition and speed, on folders of photos."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from proface.cli.options import Device
from proface.cli.output import complain, progress, say
from proface.errors import UsageError


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
        Path, typer.Option("--out", metavar="DIR", help="Output folder for report and figures.")
    ],
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model", metavar="NAME", help="Model to evaluate. Repeatable; default: padded."
        ),
    ] = None,
    looks: Annotated[
        str | None,
        typer.Option(
            metavar="LIST", help="Looks, comma-separated; default: the paper's six and swap."
        ),
    ] = None,
    measure: Annotated[
        list[str] | None,
        typer.Option(
            "--measure",
            metavar="NAME",
            help="fidelity, sface, dlib or gender. Repeatable; default: all. "
            "Or one alone: survival (what the faces of the model robust survive), detection (of "
            "faces; a folder may have boxes.json).",
        ),
    ] = None,
    most: Annotated[
        int | None, typer.Option("--most", metavar="N", help="At most N images of each folder.")
    ] = None,
    held_out: Annotated[
        bool,
        typer.Option(
            "--held-out",
            help="For survival, where --data has a folder for each person: one image of every "
            "second person, none of whom was used for calibration.",
        ),
    ] = False,
    device: Device = "cpu",
) -> None:
    """Make the paper's tables from saved files: fidelity, recognition, gender, cost.

    The central face of each photo is cropped to 256 x 256 and protected in every look. The same
    command resumes an interrupted run; a larger --most extends it. Needs the extra `evaluate` and
    the packages of carriers.txt.
    """
    if most is not None and most < 1:
        raise UsageError(f"--most {most}: give a number of images, from 1.")
    if measure == ["survival"]:
        _survival(data, out, looks, model, most, held_out)
        return
    if held_out:
        raise UsageError("--held-out goes with --measure survival alone.")
    if measure == ["detection"]:
        _detection(data, out, most)
        return
    from proface.research.evaluation.evaluate import evaluate as run
    from proface.research.evaluation.evaluate import make_plan

    chosen = [look.strip() for look in looks.split(",")] if looks else None
    plan = make_plan(list(dict.fromkeys(model or ["padded"])), data, chosen, measure, most, device)
    for look, why in plan.left_out.items():
        complain(f"the look {look} is left out: {why}")
    with ExitStack() as stack:
        bars: list[Callable[[], None]] = []

        def on_start(total: int, done: int) -> None:
            if done:
                say(f"{done} of {total} images were measured before")
            advance = stack.enter_context(progress(total, wanted=True))
            bars.append(advance)
            for _image in range(done):
                advance()

        def on_record(record: dict[str, Any]) -> None:
            if "error" in record:
                complain(f"skipped: {record['error']}")
            for advance in bars:
                advance()

        try:
            report = run(plan, out, on_start, on_record)
        except KeyboardInterrupt:
            complain("cancelled; run the same command to resume.")
            raise
    for name, row in report["data"].items():
        say(f"{name}: {row['measured']} of {row['images']} images measured")
    say(f"-> {out / 'report.md'}, report.json, {len(report['pictures'])} pictures")


def _survival(
    data: list[Path],
    out: Path,
    looks: str | None,
    model: list[str] | None,
    most: int | None,
    held_out: bool,
) -> None:
    """Measure what the faces survive; see `research.evaluation.survival`."""
    from proface.research.evaluation.survival import SIDES, faces, run

    chosen = [look.strip() for look in looks.split(",")] if looks else None
    names = list(dict.fromkeys(model or ["robust"]))
    if len(names) != 1:
        raise UsageError("--measure survival takes one --model.")
    total = len(SIDES) * sum(len(faces(folder, most, held_out)) for folder in data)
    with progress(total, wanted=True) as advance:
        run(data, out, chosen, names[0], most, held_out, advance)
    say(f"-> {out / 'survival.md'}, survival.json, survival.png")


def _detection(data: list[Path], out: Path, most: int | None) -> None:
    """Measure which faces are detected; see `research.evaluation.detection`."""
    from proface.research.evaluation.detection import run, total

    with progress(total(data, most), wanted=True) as advance:
        run(data, out, most, advance)
    say(f"-> {out / 'detection.md'}, detection.json, detection.png")
