"""`train`: trains a flow."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from proface.cli.output import complain, say


def train(
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Settings in TOML; options win over them.")
    ] = None,
    flow: Annotated[
        str | None, typer.Option(metavar="NAME", help="keyed (the default) or padded.")
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
            help="quick (the default, for a processor) or paper (as published, for a GPU).",
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
            help="What looks are drawn: hybridAll, hybrid, hybridMorph, basic, or one look.",
        ),
    ] = None,
    targets: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Photos whose faces a swap shows; otherwise the training images."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", help="The run's folder; goes on with its run."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What the finished model is called.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Weights to start from, or a shipped model's name."),
    ] = None,
    codebook: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Of the padded flow; otherwise one is fitted first."),
    ] = None,
    steps: Annotated[int | None, typer.Option(metavar="N", help="How many steps in all.")] = None,
    batch: Annotated[
        int | None, typer.Option(metavar="N", help="Images of a step, on each process.")
    ] = None,
    size: Annotated[int | None, typer.Option(metavar="N", help="Side of whole images.")] = None,
    crop: Annotated[
        int | None,
        typer.Option(metavar="N", help="Side of the crops to train on; 0 for whole images."),
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="keyed: paper or pixels; padded: psnr or l1."),
    ] = None,
    perceptual: Annotated[
        float | None, typer.Option(metavar="W", help="Weight of LPIPS beside a pixel loss.")
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
        Path | None, typer.Option(metavar="FILE", help="Its weights: a linear layer or a ResNet.")
    ] = None,
    gender: Annotated[
        float | None, typer.Option(metavar="W", help="Weight of the gender classifier.")
    ] = None,
    gender_head: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its weights, likewise.")
    ] = None,
    rate: Annotated[float | None, typer.Option(metavar="R", help="Adam's rate.")] = None,
    schedule: Annotated[
        str | None, typer.Option(metavar="NAME", help="How the rate goes: constant or cosine.")
    ] = None,
    clip: Annotated[
        float | None, typer.Option(metavar="NORM", help="Largest norm of the gradients.")
    ] = None,
    precision: Annotated[
        str | None, typer.Option(metavar="NAME", help="fp32 or bf16 (mixed).")
    ] = None,
    validation: Annotated[
        int | None, typer.Option(metavar="N", help="Images measured at every save.")
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Decides all chance.")] = None,
    report: Annotated[
        int | None, typer.Option(metavar="N", help="Steps between two lines of the log.")
    ] = None,
    save: Annotated[
        int | None, typer.Option(metavar="N", help="Steps between two checkpoints.")
    ] = None,
    samples: Annotated[
        int | None, typer.Option(metavar="N", help="Steps between two sheets of pictures.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="auto (the default), cpu, cuda or cuda:N.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Threads that prepare images.")
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(metavar="N", help="Threads that compute; 1 where others use the machine too."),
    ] = None,
    no_tensorboard: Annotated[
        bool, typer.Option("--no-tensorboard", help="Write no files for TensorBoard.")
    ] = False,
) -> None:
    """Train a flow on face images; the same command goes on where it stopped.

    What is not given is the recipe's. Ends with a model in OUT/model that `proface models import`
    takes. Several GPUs: torchrun --nproc-per-node 2 -m proface train ... Needs the extra `train`.
    """
    given = dict(locals())
    path = given.pop("config")
    given["tensorboard"] = False if given.pop("no_tensorboard") else None
    given["data"] = tuple(data) if data else None

    from proface.training import require_training
    from proface.training.settings import gather

    settings = gather(given, path)
    require_training()
    from proface.training.running import train as run

    try:
        run(settings, complain, say)
    except KeyboardInterrupt:
        complain(f"cancelled. The same command goes on from the last checkpoint in {settings.out}.")
        raise
