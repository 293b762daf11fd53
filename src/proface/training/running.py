"""One run from its settings to a model: data, task, loop, export."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from proface.flows.export import export, export_keyed
from proface.media.output import output_error
from proface.training.checkpoints import BEST, fill, open_folder, read_state
from proface.training.distributed import World, joined
from proface.training.keyed import KeyedTask
from proface.training.layouts import Item, read_items, split
from proface.training.logs import spoken
from proface.training.loop import Loop, Progress
from proface.training.padded import PaddedTask, codebook_of
from proface.training.settings import Settings

MODEL = "model"  # the folder of the finished model, in the run's

Say = Callable[[str], None]
KEYED = (
    "the published keyed flow, 3 blocks: a network trained on its pictures sees the faces without "
    "any key"
)
PADDED = "padded flow: 16 x 16 cells, one-time pad, lattice coupling; repair network in the decoder"


def train(settings: Settings, warn: Say, say: Say) -> Path:
    """Train, or go on training, and export the model that was best on validation.

    Args:
        settings: of the run.
        warn: told of images that cannot be read, and of looks that stand in for others.
        say: told how it goes.

    Returns:
        The model's card.

    Raises:
        UsageError: settings or data that do not fit; a folder of another run.
        ModelError: weights or a checkpoint that do not fit.
        TrainingError: it diverges whatever the rate.
        OutputError: something cannot be written; the last checkpoint stays.
    """
    if settings.threads:
        torch.set_num_threads(settings.threads)
    with joined(settings.device) as world:
        items = read_items(settings.data, settings.layout)
        parts = split(items)
        if world.leads:
            open_folder(settings, _digest(settings.data, items))
            say(_said(parts))
        world.wait()
        quiet: Say = say if world.leads else lambda text: None
        task = _task(settings, parts, world, warn, quiet)
        if settings.start:
            fill(task.network, *read_state(settings.start))
        progress = Loop(task, settings, world, quiet).run()
        path = settings.out / MODEL / f"{settings.name}.json"
        if world.leads:
            path = _finish(task, settings, parts[0], progress, world)
            say(f"{settings.out}: done, {spoken(progress.spent)}; the model is {path}")
        world.wait()
    return path


def _task(
    settings: Settings, parts: tuple[list[Item], ...], world: World, warn: Say, say: Say
) -> KeyedTask | PaddedTask:
    training, validation, test = parts
    if settings.flow == "padded":
        codebook = codebook_of(settings, training, world, say)
        padded = PaddedTask(settings, (training, validation, test), codebook, world, warn)
        _tell_stand_ins(padded.sampler.stand_ins(), world, warn)
        return padded
    keyed = KeyedTask(settings, (training, validation, test), world, warn)
    _tell_stand_ins(keyed.sampler.stand_ins(), world, warn)
    return keyed


def _tell_stand_ins(names: Sequence[str], world: World, warn: Say) -> None:
    if names and world.leads:
        warn(
            f"no weights of {' and '.join(names)} were imported: the look swap stands in. "
            "`proface models import` brings them."
        )


def _finish(
    task: KeyedTask | PaddedTask,
    settings: Settings,
    training: Sequence[Item],
    progress: Progress,
    world: World,
) -> Path:
    """Export the best weights with a card."""
    best = settings.out / BEST
    fill(task.network, load_file(best), str(best))
    measured = {
        "validation": task.validate(task.network),
        "test": task.final(task.network),
    }
    task.network.cpu()
    folder = settings.out / MODEL
    try:
        folder.mkdir(exist_ok=True)
        facts = _facts(settings, training, progress, measured, world)
        if isinstance(task, PaddedTask):
            path = export(task.network, task.codebook, facts, folder)
            # One training serves both modes: they differ in what is shown of words that are noise.
            return path if settings.mode == "random" else folder / f"{path.stem}-obfuscated.json"
        return export_keyed(task.network, facts, folder)
    except OSError as error:
        raise output_error(folder, error) from error


def _facts(
    settings: Settings,
    training: Sequence[Item],
    progress: Progress,
    measured: Mapping[str, Mapping[str, float]],
    world: World,
) -> dict[str, Any]:
    """The card's facts. Folders by their last name: no path of this machine."""
    counts: Counter[str] = Counter()
    for folder in settings.data:
        counts[folder.resolve().name] = sum(item.path.is_relative_to(folder) for item in training)
    many = f" on each of {world.size} processes" if world.size > 1 else ""
    of = f"crops of {settings.crop} px" if settings.crop else f"images of {settings.size} px"
    aim = "the original" if settings.mode == "random" else "the look"
    wrong = f"what a wrong key yields against {aim}"
    start = f", from {Path(settings.start).name}" if settings.start else ""
    return {
        "name": settings.name,
        "mode": settings.mode,
        "flow": PADDED if settings.flow == "padded" else KEYED,
        "trained_on": [f"{name}: {count:,} images" for name, count in counts.items()],
        "licence": "that of the images it was trained on",
        "training": (
            f"{progress.step:,} steps of {settings.batch} {of}{many}{start}, look {settings.look}, "
            f"recipe {settings.recipe}, loss {settings.loss}, {settings.precision}, "
            f"{spoken(progress.spent)} on {world.device.type}"
        ),
        "measured": {
            "by": f"proface train, {settings.validation} images held out, 8 bits; {wrong}",
            "figures": {
                part: {f"{k}_psnr": round(v, 4) for k, v in values.items() if k != "score"}
                for part, values in measured.items()
            },
        },
    }


def _said(parts: Sequence[Sequence[Item]]) -> str:
    counts = []
    for name, part in zip(("training", "validation", "test"), parts, strict=True):
        people = len({item.person for item in part if item.person})
        counts.append(f"{name} {len(part)}" + (f" of {people} people" if people else ""))
    return "images: " + ", ".join(counts)


def _digest(folders: Sequence[Path], items: Sequence[Item]) -> str:
    """SHA-256 over the images' places below their folders, and what is known of them."""
    digest = hashlib.sha256()
    for item in items:
        folder = next(f for f in folders if item.path.is_relative_to(f))
        place = item.path.relative_to(folder).as_posix()
        digest.update(f"{place}\0{item.person}\0{item.part}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
