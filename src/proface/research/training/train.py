"""A training run from settings to a model: data, task, loop, export."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from proface.media.atomic_output import output_error
from proface.research.networks.export import export, export_keyed, export_repair
from proface.research.networks.precision import precision_on
from proface.research.training.dataset_layouts import Item, read_items, split
from proface.research.training.distributed import World, process_group
from proface.research.training.keyed_task import KeyedTask
from proface.research.training.logs import format_duration
from proface.research.training.loop import Loop, Progress
from proface.research.training.padded_task import PaddedTask, codebook_of
from proface.research.training.repair_task import RepairTask
from proface.research.training.run_folder import BEST, fill, open_folder, read_state
from proface.research.training.settings import Settings

MODEL = "model"  # the folder of the finished model, in the run's

Say = Callable[[str], None]
AnyTask = KeyedTask | PaddedTask | RepairTask
KEYED = (
    "the published keyed flow, 3 blocks: a network trained on its pictures sees the faces without "
    "any key"
)
ROBUST = "the shipped robust flow with another repair network"
PADDED = "padded flow: 16 x 16 cells, one-time pad, lattice coupling; repair network in the decoder"


def train(settings: Settings, warn: Say, say: Say) -> Path:
    """Train or resume training, and export the weights with the best validation score.

    Args:
        settings: of the run.
        warn: called for unreadable images and fallback looks.
        say: called with progress messages.

    Returns:
        The model's card.

    Raises:
        UsageError: invalid settings or data, or a folder of another run.
        ModelError: weights or a checkpoint of another network.
        TrainingError: training diverges at every learning rate tried.
        OutputError: a file cannot be written; the last checkpoint remains.
    """
    if settings.threads:
        torch.set_num_threads(settings.threads)
    with process_group(settings.device) as world:
        items = read_items(settings.data, settings.layout)
        parts = split(items)
        if world.is_main:
            open_folder(settings, _digest(settings.data, items))
            say(_split_summary(parts))
        world.wait()
        quiet: Say = say if world.is_main else lambda text: None
        task = _task(settings, parts, world, warn, quiet)
        if settings.start:
            fill(task.network, *read_state(settings.start))
        progress = Loop(task, settings, world, quiet).run()
        path = settings.out / MODEL / f"{settings.name}.json"
        if world.is_main:
            path = _finish(task, settings, parts[0], progress, world)
            say(f"{settings.out}: done, {format_duration(progress.spent)}; the model is {path}")
        world.wait()
    return path


def _task(
    settings: Settings, parts: tuple[list[Item], ...], world: World, warn: Say, say: Say
) -> AnyTask:
    training, validation, test = parts
    if settings.flow == "robust":
        return RepairTask(settings, (training, validation, test), world, warn)
    if settings.flow == "padded":
        codebook = codebook_of(settings, training, world, say)
        padded = PaddedTask(settings, (training, validation, test), codebook, world, warn)
        _warn_fallbacks(padded.sampler.fallbacks(), world, warn)
        return padded
    keyed = KeyedTask(settings, (training, validation, test), world, warn)
    _warn_fallbacks(keyed.sampler.fallbacks(), world, warn)
    return keyed


def _warn_fallbacks(names: Sequence[str], world: World, warn: Say) -> None:
    if names and world.is_main:
        warn(
            f"no weights of {' and '.join(names)} were imported: the look swap is used instead. "
            "Import them with `proface models import`."
        )


def _finish(
    task: AnyTask,
    settings: Settings,
    training: Sequence[Item],
    progress: Progress,
    world: World,
) -> Path:
    """Export the best weights, with a model card."""
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
            # One training serves both modes, which differ in what is shown for invalid words.
            return path if settings.mode == "random" else folder / f"{path.stem}-obfuscated.json"
        if isinstance(task, RepairTask):
            return export_repair(task.network, facts, folder)
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
    """The facts of the model card. Folders by name only: no paths of this machine."""
    counts: Counter[str] = Counter()
    for folder in settings.data:
        counts[folder.resolve().name] = sum(item.path.is_relative_to(folder) for item in training)
    many = f" on each of {world.size} processes" if world.size > 1 else ""
    of = f"crops of {settings.crop} px" if settings.crop else f"images of {settings.size} px"
    aim = "the original" if settings.mode == "random" else "the look"
    wrong = f"what a wrong key yields against {aim}"
    start = f", from {Path(settings.start).name}" if settings.start else ""
    look = "" if settings.flow == "robust" else f"look {settings.look}, "
    return {
        "name": settings.name,
        "mode": settings.mode,
        "flow": {"padded": PADDED, "robust": ROBUST, "keyed": KEYED}[settings.flow],
        "trained_on": [f"{name}: {count:,} images" for name, count in counts.items()],
        "licence": "that of the images it was trained on",
        "training": (
            f"{progress.step:,} steps of {settings.batch} {of}{many}{start}, {look}"
            f"recipe {settings.recipe}, loss {settings.loss}, "
            f"{precision_on(world.device, settings.precision)}, "
            f"{format_duration(progress.spent)} on {world.device.type}"
        ),
        "measured": {
            "by": f"proface train, {settings.validation} images held out, 8 bits; {wrong}",
            "figures": {
                part: {f"{k}_psnr": round(v, 4) for k, v in values.items() if k != "score"}
                for part, values in measured.items()
            },
        },
    }


def _split_summary(parts: Sequence[Sequence[Item]]) -> str:
    counts = []
    for name, part in zip(("training", "validation", "test"), parts, strict=True):
        people = len({item.person for item in part if item.person})
        counts.append(f"{name} {len(part)}" + (f" of {people} people" if people else ""))
    return "images: " + ", ".join(counts)


def _digest(folders: Sequence[Path], items: Sequence[Item]) -> str:
    """SHA-256 over the images' relative paths, identities and parts."""
    digest = hashlib.sha256()
    for item in items:
        folder = next(f for f in folders if item.path.is_relative_to(f))
        place = item.path.relative_to(folder).as_posix()
        digest.update(f"{place}\0{item.person}\0{item.part}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
