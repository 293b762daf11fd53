"""`verify`: check that a protected photo recovers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from proface.cli import options
from proface.cli.output import complain, say, say_json, say_table, with_dashes
from proface.cli.passwords import PasswordSource
from proface.cli.pipes import photo_from_pipe
from proface.cli.videos import verify_clip


def verify(
    file: options.ProtectedPhoto,
    original: Annotated[
        Path | None,
        typer.Option("--original", metavar="X", help="The original to compare with."),
    ] = None,
    sidecar: options.Sidecar = None,
    device: options.Device = "cpu",
    password_file: options.PasswordFile = None,
    password_env: options.PasswordEnv = None,
    password_fd: options.PasswordFd = None,
    key_file: options.KeyFile = None,
    json: options.OneJson = False,
) -> None:
    """Recover in memory and report; use it before deleting originals.

    With the original, it also measures the PSNR of each region and compares everything outside.
    Exit code 1 if a region recovers at less than 30 dB, anything outside differs, or the pixels of
    a deniable file are no picture's under this password.
    """
    source = PasswordSource(password_file, password_env, password_fd, key_file)
    from proface.files.access import open_protected
    from proface.files.verify import verify as verify_file
    from proface.media.video.formats import is_video
    from proface.models.store import ModelStore

    models = ModelStore(device)
    with photo_from_pipe(file, password_fd) as photo:
        if is_video(photo):
            verify_clip(photo, source, original, models, json=json)
            return
        if source.asks:
            open_protected(photo, sidecar=sidecar, models=models)
        report = verify_file(
            photo, source.read(), original=original, sidecar=sidecar, models=models
        )
    if json:
        say_json(report.to_json())
    else:
        rows = [[*one.region.describe().values(), one.verdict] for one in report.regions]
        say_table(("region", "x", "y", "w", "h", "look", "recovered"), rows)
        for line in report.lines():
            say(with_dashes(line))
    if report.fault:
        complain(f"{file}: {report.fault}")
        raise typer.Exit(1)
