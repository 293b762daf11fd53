"""`protect` and `recover`: photos in, photos out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proface.cli import options
from proface.cli.output import complain
from proface.cli.passwords import PasswordSource, further
from proface.cli.running import run
from proface.errors import UsageError

if TYPE_CHECKING:
    from proface.batch import Plan


def protect(
    inputs: options.Inputs,
    output: options.Output,
    look: Annotated[
        str,
        typer.Option(
            "-l", "--look", metavar="LOOK", help="As `proface looks` lists them: pixelate:20."
        ),
    ] = "pixelate",
    skip: options.Skip = None,
    region: options.Regions = None,
    no_detect: options.NoDetect = False,
    threshold: options.Threshold = 0.6,
    expand: options.Expand = 0.35,
    require_faces: Annotated[
        bool, typer.Option("--require-faces", help="Fail (4) on a photo without a face.")
    ] = False,
    copy_faceless: Annotated[
        bool,
        typer.Option(
            "--copy-faceless",
            help="Write photos without a face too, unprotected, so that none is missing.",
        ),
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Add regions to a photo that is protected already.")
    ] = False,
    deniable: Annotated[
        bool,
        typer.Option(
            "--deniable",
            help="Nothing tells a wrong password, which shows noise, or with the model "
            "padded-obfuscated just the look. EXIF is dropped.",
        ),
    ] = False,
    exact: Annotated[
        bool,
        typer.Option(
            "--exact", help="Seal the faces' pixels too: they come back bit for bit. Larger files."
        ),
    ] = False,
    keep_metadata: Annotated[
        bool,
        typer.Option(
            "--keep-metadata", help="Leave EXIF and XMP readable instead of sealing them."
        ),
    ] = False,
    model: options.Model = "padded",
    device: options.Device = "cpu",
    format_name: options.Format = None,
    sidecar: Annotated[
        bool,
        typer.Option("--sidecar", help="Put the header into OUT.proface.json, not the picture."),
    ] = False,
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Do not read back, recover and compare.")
    ] = False,
    overwrite: options.Overwrite = False,
    skip_existing: options.SkipExisting = False,
    password_file: options.PasswordFile = None,
    password_env: options.PasswordEnv = None,
    password_fd: options.PasswordFd = None,
    key_file: options.KeyFile = None,
    also_password_file: options.AlsoPasswordFile = None,
    also_key_file: options.AlsoKeyFile = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Hide the faces of photos; the password brings them back.

    Writes lossless copies and leaves the originals alone. Each output is read back, recovered and
    compared with the original before it gets its name.
    """
    source = PasswordSource(password_file, password_env, password_fd, key_file)
    exists = options.existing(overwrite=overwrite, skip_existing=skip_existing)
    if exact and deniable:
        raise UsageError(
            "--exact seals pixels, and a seal tells a right password from a wrong one: it does "
            "not go with --deniable."
        )
    from proface.batch import Protecting, make_plan, make_target
    from proface.obfuscators import get_look
    from proface.obfuscators.leaks import warning
    from proface.runtime import load_flow, use_device

    weak = warning(get_look(look))
    use_device(device)
    flow = load_flow(model)  # a broken installation is told once, not for every file
    if flow.kind == "keyed":
        complain(
            f"WARNING, the model {model}: a network trained on its pictures sees the faces without "
            "any key (docs/THREAT_MODEL.md). The model padded is safe from that."
        )
    settings = replace(
        options.detection(
            skip=skip, region=region, no_detect=no_detect, threshold=threshold, expand=expand
        ),
        look=look,
        again=again,
        deniable=deniable,
        exact=exact,
        keep_metadata=keep_metadata,
        model=model,
    )
    plan = make_plan(inputs, make_target(inputs, output, format_name))
    if skip and plan.total > 1:
        raise UsageError("--skip numbers the faces of one photo: give a single photo.")

    also = tuple(further(also_password_file, also_key_file))  # before anything is asked
    if also and deniable:
        raise UsageError("A deniable file has one password: nothing in it can tell several apart.")

    def work() -> Protecting:
        key = source.read(twice=True)
        return Protecting(
            key,
            settings,
            also=also,
            existing=exists,
            sidecar=sidecar,
            check=not no_check,
            copy_faceless=copy_faceless,
            require_faces=require_faces,
        )

    run(plan, work, json=json, quiet=quiet, warning=weak)


def recover(
    inputs: options.Inputs,
    output: options.Output,
    device: options.Device = "cpu",
    format_name: options.Format = None,
    sidecar: options.Sidecar = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Go on where the file was altered, as well as it goes."),
    ] = False,
    overwrite: options.Overwrite = False,
    skip_existing: options.SkipExisting = False,
    password_file: options.PasswordFile = None,
    password_env: options.PasswordEnv = None,
    password_fd: options.PasswordFd = None,
    key_file: options.AnyKeyFile = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Bring the faces back.

    Everything outside the regions comes back exactly; so do EXIF and XMP where they were sealed.
    """
    source = PasswordSource(password_file, password_env, password_fd, key_file)
    exists = options.existing(overwrite=overwrite, skip_existing=skip_existing)
    from proface.batch import Recovering, make_plan, make_target
    from proface.runtime import use_device

    use_device(device)
    plan = make_plan(inputs, make_target(inputs, output, format_name))
    if sidecar and plan.total > 1:
        raise UsageError("--sidecar belongs to one photo: give a single one.")

    def work() -> Recovering:
        if source.asks and not force:
            _refuse_damaged(plan, sidecar)
        return Recovering(source.read_any(), existing=exists, sidecar=sidecar, force=force)

    run(plan, work, json=json, quiet=quiet)


def _refuse_damaged(plan: Plan, sidecar: Path | None) -> None:
    """Nobody should type a password for a single photo that cannot be recovered anyway."""
    if plan.total != 1 or not plan.jobs:
        return
    from proface.opening import altered, read_with_header

    altered(*read_with_header(plan.jobs[0].source, sidecar=sidecar))
