"""`recover`: recover the faces of protected photos."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proface.cli import options
from proface.cli.passwords import PasswordSource
from proface.cli.pipes import pipes
from proface.cli.run_batch import run
from proface.cli.videos import frame_progress
from proface.errors import UsageError

if TYPE_CHECKING:
    from proface.batch import Plan
    from proface.models.store import ModelStore


def recover(
    inputs: options.Inputs,
    output: options.Output,
    device: options.Device = "cpu",
    format_name: options.Format = None,
    sidecar: options.Sidecar = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Recover what is possible if the file was altered."),
    ] = False,
    original_size: Annotated[
        str | None,
        typer.Option(
            "--original-size",
            metavar="WxH",
            help="The picture's size when it was protected, if it was scaled and has no header "
            "any more. Without it, usual sizes are tried.",
        ),
    ] = None,
    overwrite: options.Overwrite = False,
    skip_existing: options.SkipExisting = False,
    password_file: options.PasswordFile = None,
    password_env: options.PasswordEnv = None,
    password_fd: options.PasswordFd = None,
    key_file: options.AnyKeyFile = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Recover the faces of protected photos and videos.

    Everything outside the regions is recovered exactly, and so are sealed EXIF and XMP. Faces of
    the model robust also come back from a JPEG that was compressed again, scaled, cropped or
    stripped of its metadata, as well as its pixels allow.
    """
    source = PasswordSource(password_file, password_env, password_fd, key_file)
    exists = options.existing(overwrite=overwrite, skip_existing=skip_existing)
    from proface.batch import Recovering, make_plan, make_target
    from proface.models.store import ModelStore

    size = _size(original_size)
    models = ModelStore(device)
    with pipes(inputs, output, format_name, password_fd) as piped:
        plan = make_plan(piped.inputs, make_target(piped.inputs, piped.output, format_name))
        if sidecar and plan.total > 1:
            raise UsageError("--sidecar belongs to one photo: give a single photo.")

        def work() -> Recovering:
            if source.asks and not force:
                _reject_damaged(plan, sidecar, size, models)
            return Recovering(
                source.read_any(),
                existing=exists,
                sidecar=sidecar,
                force=force,
                models=models,
                original_size=size,
                progress=frames,
            )

        with frame_progress(plan.total, json=json, quiet=quiet) as frames:
            run(plan, work, json=json, quiet=quiet)


def _reject_damaged(
    plan: Plan, sidecar: Path | None, size: tuple[int, int] | None, models: ModelStore
) -> None:
    """Check a single photo before the password is asked for."""
    if plan.total != 1 or not plan.jobs:
        return
    from proface.files.access import open_protected
    from proface.files.video.access import read_video_file
    from proface.media.video.formats import is_video

    if is_video(plan.jobs[0].source):
        read_video_file(plan.jobs[0].source, check=False)
        return
    open_protected(plan.jobs[0].source, sidecar=sidecar, models=models, original_size=size)


def _size(text: str | None) -> tuple[int, int] | None:
    """Parse "4032x3024".

    Raises:
        UsageError: it is no size.
    """
    if text is None:
        return None
    match = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", text)
    if match is None:
        raise UsageError(f"--original-size {text}: give WIDTHxHEIGHT in pixels, such as 4032x3024.")
    return int(match[1]), int(match[2])
