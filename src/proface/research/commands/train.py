"""`train`: train a flow."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from proface.cli.output import complain, say


def train(
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Settings in TOML; options override them.")
    ] = None,
    flow: Annotated[
        str | None, typer.Option(metavar="NAME", help="keyed (the default), padded or robust.")
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            metavar="MODE", help="What a wrong key yields: random (the default) or obfuscated."
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="quick (the default, for a CPU) or paper (as published, for a GPU).",
        ),
    ] = None,
    data: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="A folder of face images. Repeatable.")
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="auto (the default), flat, people, lfw, celeba or ffhq."),
    ] = None,
    look: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Looks to train with: hybridAll, hybrid, hybridMorph, basic, mixed, or one look.",
        ),
    ] = None,
    targets: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Target photos of face swaps; default: the training images."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="DIR", help="Folder of the run; an unfinished run is resumed."
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the trained model.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Initial weights: a file, or the name of a shipped model."
        ),
    ] = None,
    codebook: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Codebook of the padded flow; default: fit one first."),
    ] = None,
    steps: Annotated[int | None, typer.Option(metavar="N", help="Total number of steps.")] = None,
    batch: Annotated[int | None, typer.Option(metavar="N", help="Batch size per process.")] = None,
    size: Annotated[int | None, typer.Option(metavar="N", help="Side of whole images.")] = None,
    crop: Annotated[
        int | None,
        typer.Option(metavar="N", help="Side of the crops to train on; 0 for whole images."),
    ] = None,
    loss: Annotated[
        str | None, typer.Option(metavar="NAME", help="keyed: paper or pixels; padded: psnr or l1.")
    ] = None,
    perceptual: Annotated[
        float | None, typer.Option(metavar="W", help="Weight of LPIPS beside a pixel loss.")
    ] = None,
    protect: Annotated[
        float | None,
        typer.Option(metavar="W", help="Weight of the protected image's error in a pixel loss."),
    ] = None,
    wrong: Annotated[
        float | None,
        typer.Option(metavar="W", help="Weight of wrong-key recovery's error in a pixel loss."),
    ] = None,
    identity: Annotated[
        float | None, typer.Option(metavar="W", help="Weight of identity triplets.")
    ] = None,
    recogniser: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="IR-SE-50's weights; otherwise the imported ones."),
    ] = None,
    face: Annotated[
        float | None, typer.Option(metavar="W", help="Weight of the face classifier.")
    ] = None,
    face_head: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Weights of the face classifier: a linear layer or a ResNet."
        ),
    ] = None,
    gender: Annotated[
        float | None, typer.Option(metavar="W", help="Weight of the gender classifier.")
    ] = None,
    gender_head: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Weights of the gender classifier.")
    ] = None,
    rate: Annotated[float | None, typer.Option(metavar="R", help="Learning rate.")] = None,
    schedule: Annotated[
        str | None, typer.Option(metavar="NAME", help="Learning rate schedule: constant or cosine.")
    ] = None,
    clip: Annotated[
        float | None, typer.Option(metavar="NORM", help="Gradient clipping norm.")
    ] = None,
    precision: Annotated[
        str | None, typer.Option(metavar="NAME", help="fp32 or bf16 (mixed precision).")
    ] = None,
    validation: Annotated[
        int | None, typer.Option(metavar="N", help="Validation images at every checkpoint.")
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Random seed.")] = None,
    report: Annotated[
        int | None, typer.Option(metavar="N", help="Steps between log lines.")
    ] = None,
    save: Annotated[
        int | None, typer.Option(metavar="N", help="Steps between checkpoints.")
    ] = None,
    samples: Annotated[
        int | None, typer.Option(metavar="N", help="Steps between sample sheets.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="auto (the default), cpu, cuda or cuda:N.")
    ] = None,
    workers: Annotated[int | None, typer.Option(metavar="N", help="Data loading threads.")] = None,
    threads: Annotated[
        int | None, typer.Option(metavar="N", help="Compute threads; 1 on a shared machine.")
    ] = None,
    no_tensorboard: Annotated[
        bool, typer.Option("--no-tensorboard", help="Do not write TensorBoard logs.")
    ] = False,
) -> None:
    """Train a flow on face images; the same command resumes it.

    Defaults come from the recipe. The model is written to OUT/model, for `proface models import`.
    Several GPUs: torchrun --nproc-per-node 2 -m proface train ... Needs the extra `train`.
    """
    given = dict(locals())
    path = given.pop("config")
    given["tensorboard"] = False if given.pop("no_tensorboard") else None
    given["data"] = tuple(data) if data else None

    from proface.research.training import require_training
    from proface.research.training.settings import gather

    settings = gather(given, path)
    require_training()
    from proface.research.training.train import train as run

    try:
        run(settings, complain, say)
    except KeyboardInterrupt:
        complain(f"cancelled. The same command resumes from the last checkpoint in {settings.out}.")
        raise
