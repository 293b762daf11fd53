"""`bench`: how fast it is on this machine."""

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
            "--device",
            metavar="NAME",
            help="What recovers. Repeatable; all that are installed.",
        ),
    ] = None,
    size: Annotated[
        int, typer.Option("--size", metavar="N", help="Pixels of the timed face's sides; even.")
    ] = 256,
    rounds: Annotated[
        int, typer.Option("--rounds", metavar="N", help="How often each call is timed.")
    ] = 15,
    model: options.Model = "padded",
    json: Annotated[bool, typer.Option("--json", help="Print JSON, one line.")] = False,
) -> None:
    """Measure how long photos and faces take here, and where the time goes.

    A photo is protected and recovered, and its time split by step. A face goes through the flow on
    every engine, and through the published flow in torch where torch is installed, all in one run;
    the last table shows how the time grows with the pixels. The sample photo needs the extra
    `demo`.
    """
    if not 16 <= size <= 4096 or size % 2:
        raise UsageError(f"--size {size}: give an even number from 16 to 4096.")
    if not 1 <= rounds <= 1000:
        raise UsageError(f"--rounds {rounds}: give a number from 1 to 1000.")
    from proface.runtime import available_devices, load_flow, use_device

    devices = device or available_devices()
    use_device(devices[0])
    load_flow(model)  # a name that there is not is told before the photo is worked on
    from proface.evaluation.speed import face_times, size_times
    from proface.evaluation.steps import peak_memory, photo_steps
    from proface.settings import Settings

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(model=model)
        steps = photo_steps(photo or _sample(folder), folder, settings)
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

    from proface.evaluation.demonstration import sample_photo

    path = folder / "sample.jpg"
    Image.fromarray(sample_photo()).save(path, quality=92)
    return path
