"""`bench`: speed on this machine."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from proface.cli import options
from proface.cli.output import complain, say, say_json, say_table
from proface.errors import UsageError

SIDES = (128, 256, 512, 1024)


def bench(
    photo: Annotated[
        Path | None,
        typer.Argument(metavar="[PHOTO]", help="A photo with faces; a sample if none is given."),
    ] = None,
    device: Annotated[
        list[str] | None,
        typer.Option(
            "--device", metavar="NAME", help="Engine to time. Repeatable; default: all installed."
        ),
    ] = None,
    size: Annotated[
        int, typer.Option("--size", metavar="N", help="Side of the timed face in pixels, even.")
    ] = 256,
    rounds: Annotated[
        int, typer.Option("--rounds", metavar="N", help="Repetitions of each measurement.")
    ] = 15,
    model: options.Model = "padded",
    json: Annotated[bool, typer.Option("--json", help="Print JSON, one line.")] = False,
) -> None:
    """Measure speed on this machine, step by step.

    Times a photo by step; a face on every engine, beside the published flow in torch if torch is
    installed; and regions of growing size. The sample photo needs the extra `demo`.
    """
    if not 16 <= size <= 4096 or size % 2:
        raise UsageError(f"--size {size}: give an even number from 16 to 4096.")
    if not 1 <= rounds <= 1000:
        raise UsageError(f"--rounds {rounds}: give a number from 1 to 1000.")
    from proface.inference.engine import available_devices
    from proface.models.store import ModelStore

    devices = device or available_devices()
    models = ModelStore(devices[0])
    models.load(model)  # fails on an unknown name before any work
    from proface.options import Options
    from proface.research.evaluation.speed import face_times, size_times
    from proface.research.evaluation.step_times import peak_memory, photo_steps

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        steps = photo_steps(photo or _sample(folder), folder, Options(model=model), models)
    peak = peak_memory()  # before torch is loaded
    faces = face_times(model, devices, size, rounds)
    sizes = size_times(model, devices[0], SIDES, max(3, rounds // 3))
    if json:
        say_json(
            {
                "photo": [entry.to_json() for entry in steps],
                "peak_mb": None if peak is None else round(peak),
                "face": {"side": size, "times": [entry.to_json() for entry in faces]},
                "sizes": {"device": devices[0], "times": [entry.to_json() for entry in sizes]},
            }
        )
        return
    names = list(steps[0].steps)
    say(f"a photo, on {devices[0]}: seconds" + ("" if peak is None else f"; peak {peak:.0f} MB"))
    say_table(
        ("", *names, "all"),
        [
            (entry.command, *(f"{entry.steps[name]:.3f}" for name in names), f"{entry.total:.3f}")
            for entry in steps
        ],
    )
    say("")
    say(f"a face of {size} x {size} pixels: milliseconds, and times the published flow's speed")
    say_table(
        ("", "protect", "recover", "protect", "recover"),
        [
            (
                t.name,
                f"{t.protect:.1f}",
                f"{t.recover:.1f}",
                *map(_times, (t.protect_ratio, t.recover_ratio)),
            )
            for t in faces
        ],
    )
    if faces[0].protect_ratio is None:
        complain("without torch there is no published flow to compare with.")
    say("")
    say(f"regions on {devices[0]}: milliseconds, and milliseconds a megapixel")
    say_table(
        ("side", "protect", "recover", "protect/MP", "recover/MP"),
        [
            (
                t.side,
                *(f"{value:.1f}" for value in (t.protect, t.recover)),
                *(f"{value:.0f}" for value in (t.protect_per_megapixel, t.recover_per_megapixel)),
            )
            for t in sizes
        ],
    )


def _times(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.1f} x"


def _sample(folder: Path) -> Path:
    from PIL import Image

    from proface.research.evaluation.demo_sheet import sample_photo

    path = folder / "sample.jpg"
    Image.fromarray(sample_photo()).save(path, quality=92)
    return path
