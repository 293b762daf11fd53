"""`protect`: hide the faces of photos."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from proface.cli import options
from proface.cli.output import complain
from proface.cli.passwords import PasswordSource, read_also
from proface.cli.pipes import pipes
from proface.cli.run_batch import run
from proface.cli.videos import carry_of, frame_progress
from proface.errors import UsageError


def protect(
    inputs: options.InputsOrUrls,
    output: options.Output,
    look: Annotated[
        str,
        typer.Option(
            "-l",
            "--look",
            metavar="LOOK",
            help="A look of `proface looks`, with its strength: pixelate:40.",
        ),
    ] = "pixelate",
    skip: options.Skip = None,
    region: options.Regions = None,
    no_detect: options.NoDetect = False,
    threshold: options.Threshold = 0.5,
    careful: options.Careful = False,
    expand: options.Expand = 0.35,
    require_faces: Annotated[
        bool, typer.Option("--require-faces", help="Fail (exit code 4) on a photo without a face.")
    ] = False,
    copy_faceless: Annotated[
        bool,
        typer.Option(
            "--copy-faceless",
            help="Also copy photos without a face, unprotected, byte for byte.",
        ),
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Add regions to a photo that is protected already.")
    ] = False,
    deniable: Annotated[
        bool,
        typer.Option(
            "--deniable",
            help="Nothing in the file reveals whether a password is correct. A wrong one shows "
            "noise, or only the look with the model padded-obfuscated. Drops EXIF.",
        ),
    ] = False,
    exact: Annotated[
        bool | None,
        typer.Option(
            "--exact/--no-exact",
            help="Seal the originals for bit-exact recovery of an untouched file. The default "
            "where a JPEG becomes a JPEG; elsewhere, files get larger.",
        ),
    ] = None,
    survive: Annotated[
        str,
        typer.Option(
            metavar="WHAT",
            help="What the faces of the model robust must survive before the file appears: "
            "jpeg:75, webp:80, share (2048 pixels, then JPEG 75) or none.",
        ),
    ] = "jpeg:75",
    fit: Annotated[
        int | None,
        typer.Option(
            metavar="PIXELS",
            help="Scale the photo first, so that its longer side has at most so many pixels and a "
            "service need not.",
        ),
    ] = None,
    quality: Annotated[
        int, typer.Option(metavar="Q", help="Of a JPEG from another kind of photo, 1 to 100.")
    ] = 92,
    keep_metadata: Annotated[
        bool,
        typer.Option(
            "--keep-metadata",
            help="Leave time and camera readable in EXIF. All of EXIF and XMP is sealed anyhow.",
        ),
    ] = False,
    keep_place: Annotated[
        bool, typer.Option("--keep-place", help="With --keep-metadata: leave the GPS place too.")
    ] = False,
    carry: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="Of a video: sealed (each face an encrypted stream beside an ordinary picture) or "
            "pixels (hidden in lossless frames: large files).",
        ),
    ] = "sealed",
    crf: Annotated[
        int, typer.Option(metavar="Q", help="Quality of a video's picture, 0 (best) to 51.")
    ] = 25,
    keep: options.Keep = None,
    only: options.Only = None,
    model: options.ProtectModel = None,
    device: options.Device = "cpu",
    engine: options.Engine = "local",
    format_name: options.Format = None,
    sidecar: Annotated[
        bool,
        typer.Option(
            "--sidecar", help="Write the header to OUT.proface.json, not into the picture."
        ),
    ] = False,
    unlinkable: Annotated[
        bool,
        typer.Option(
            "--unlinkable",
            help="Give each file a salt of its own, so that nothing tells that they belong "
            "together. Takes one more key derivation a file.",
        ),
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
    """Hide the faces of photos and videos; the password recovers them.

    Writes copies; the originals are not changed. A JPEG stays a JPEG, of which a service may
    compress the pixels again; other photos become lossless files, which must be kept bit for bit.
    Each output is read back, recovered and compared with the original before the file appears.
    """
    source = PasswordSource(password_file, password_env, password_fd, key_file)
    if keep_place and not keep_metadata:
        raise UsageError("--keep-place needs --keep-metadata.")
    exists = options.existing(overwrite=overwrite, skip_existing=skip_existing)
    from proface.batch import Protecting, make_plan, make_target, needs_lossless
    from proface.batch.stores import is_url
    from proface.container.storage import JPEG_SUFFIXES
    from proface.faces import missing_detector
    from proface.files.protect import check_usage
    from proface.looks import get_look
    from proface.looks.leakage import warning
    from proface.media.video.formats import is_video
    from proface.models.store import ModelStore

    weak = warning(get_look(look))
    models = ModelStore(device)
    if model is not None and models.load(model).kind == "keyed":
        complain(
            f"WARNING, the model {model} is weak: a trained network recovers its faces without any "
            "key (docs/THREAT_MODEL.md). Use the model padded."
        )
    chosen = replace(
        options.detection(
            skip=skip,
            region=region,
            no_detect=no_detect,
            threshold=threshold,
            careful=careful,
            expand=expand,
        ),
        look=look,
        again=again,
        deniable=deniable,
        exact=exact,
        survive=survive,
        fit=fit,
        quality=quality,
        keep_metadata=keep_metadata,
        keep_place=keep_place,
        model=model,
        carry=carry_of(carry),
        crf=crf,
        keep=tuple(map(str, keep or ())),
        only=tuple(map(str, only or ())),
    )
    if engine != "local" or any(map(is_url, (*inputs, output))):
        from proface.batch import Settings
        from proface.cli.run_stores import refuse, run_stores

        settings = Settings(chosen, format_name, not no_check, copy_faceless, require_faces, device)
        refuse(skip=bool(skip), sidecar=sidecar, unlinkable=unlinkable)
        run_stores(
            inputs,
            output,
            settings,
            engine,
            exists,
            lambda: source.read(twice=True),
            read_also(also_password_file, also_key_file),
            json=json,
            quiet=quiet,
            warning=weak,
        )
    with pipes([Path(place) for place in inputs], output, format_name, password_fd) as piped:
        lossless = needs_lossless(chosen)
        plan = make_plan(
            piped.inputs, make_target(piped.inputs, piped.output, format_name, lossless=lossless)
        )
        # Reports a broken installation once, not for every file.
        photos = [job for job in plan.jobs if not is_video(job.source)]
        for jpeg in {job.output.suffix.lower() in JPEG_SUFFIXES for job in photos}:
            models.load(replace(chosen, jpeg=jpeg).model_name)
        if skip and plan.total > 1:
            raise UsageError("--skip applies to the faces of one photo: give a single photo.")

        if chosen.detect and (missing := missing_detector()):
            complain(missing)
        also = tuple(read_also(also_password_file, also_key_file))
        check_usage(chosen, also, 1 + len(also))  # before the password is asked for

        def work() -> Protecting:
            key = source.read(twice=True)
            return Protecting(
                key,
                chosen,
                also=also,
                existing=exists,
                sidecar=sidecar,
                check=not no_check,
                copy_faceless=copy_faceless,
                require_faces=require_faces,
                unlinkable=unlinkable,
                models=models,
                progress=frames,
            )

        with frame_progress(plan.total, json=json, quiet=quiet) as frames:
            run(plan, work, json=json, quiet=quiet, warning=weak, require_work=require_faces)
