"""Settings of a training run: from a recipe, a TOML file and options, in rising precedence.

A recipe (`recipes.py`) is a set of defaults.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from proface.errors import MissingExtraError, UsageError
from proface.research.training.recipes import RECIPES

# Settings that may change when a run is resumed.
LOGGING = {"report", "samples", "tensorboard"}
RESUMABLE = LOGGING | {"out", "steps", "save", "device", "workers", "threads"}


@dataclass(frozen=True)
class Settings:
    """One training run. docs/TRAINING.md says what each value does; sizes are in pixels.

    Attributes:
        flow, mode: "keyed", "padded" or "robust"; "random" or "obfuscated".
        recipe: "paper" or "quick".
        data, layout: folders of images, and their layout (`dataset_layouts`).
        look, targets: a sampler of `look_sampler.SAMPLERS`; photos whose faces a swap shows.
        out, name: the run's folder; the name of the finished model.
        start: weights to start from, a file or a shipped model's name.
        codebook: of the padded flow; None to fit it to the images.
        classes, cells, rounds: of that fit.
        steps, batch: number of steps, and of images in each (per process).
        size, crop: side of whole images, and of crops, 0 for none.
        pool, fresh: crops in the pool from which batches are drawn, and those added each step.
        loss: "paper" or "pixels" (keyed), "psnr" or "l1" (the others).
        perceptual, protect, wrong: weights of LPIPS, and of the errors of the protected image and
            of wrong-key recovery, in a pixel loss.
        identity, face, gender: weights of the utility losses.
        recogniser, face_head, gender_head: weights of their frozen networks.
        rate, weight_decay, beta2, schedule, warmup, clip: of Adam.
        average: decay of the exponential moving average of the weights, 0 for none.
        precision: "fp32", or "bf16" where the processor has it (`networks.precision`).
        validation: validation images measured at every checkpoint.
        report, save, samples: interval in steps of logging, checkpoints and contact sheets.
        workers, threads: threads that prepare images; torch's threads, 0 for its default.
    """

    flow: str = "keyed"
    mode: str = "random"
    recipe: str = "quick"
    data: tuple[Path, ...] = ()
    layout: str = "auto"
    look: str = "hybridAll"
    targets: Path | None = None
    out: Path = Path()
    name: str = "trained"
    start: str = ""
    codebook: Path | None = None
    classes: int = 112
    cells: int = 200_000
    rounds: int = 10
    steps: int = 3000
    batch: int = 4
    size: int = 256
    crop: int = 0
    pool: int = 0
    fresh: int = 2
    loss: str = "paper"
    perceptual: float = 0.0
    protect: float = 1.0
    wrong: float = 1.0
    identity: float = 0.0
    recogniser: Path | None = None
    face: float = 0.0
    face_head: Path | None = None
    gender: float = 0.0
    gender_head: Path | None = None
    rate: float = 1e-5
    weight_decay: float = 0.0
    beta2: float = 0.999
    schedule: str = "constant"
    warmup: int = 0
    clip: float = 1.0
    average: float = 0.0
    precision: str = "fp32"
    validation: int = 8
    seed: int = 0
    report: int = 10
    save: int = 100
    samples: int = 500
    device: str = "auto"
    workers: int = 2
    threads: int = 0
    tensorboard: bool = True

    def identity_of_run(self) -> dict[str, Any]:
        """The settings that the weights depend on, as JSON; equal for the same run."""
        return {key: value for key, value in as_json(self).items() if key not in RESUMABLE}


CHOICES = {
    "flow": ("keyed", "padded", "robust"),
    "mode": ("random", "obfuscated"),
    "recipe": ("paper", "quick"),
    "layout": ("auto", "flat", "people", "lfw", "celeba", "ffhq"),
    "schedule": ("constant", "cosine"),
    "precision": ("fp32", "bf16"),
}
LOSSES = {"keyed": ("paper", "pixels"), "padded": ("psnr", "l1"), "robust": ("psnr", "l1")}
LEAST = {
    "steps": 1,
    "batch": 1,
    "size": 16,
    "fresh": 1,
    "validation": 1,
    "classes": 2,
    "cells": 64,
}


def gather(options: Mapping[str, Any], config: Path | None = None) -> Settings:
    """The settings of a run: defaults of the recipe, overridden by the file, then by options.

    Args:
        options: by the field names of `Settings`; None means not given.
        config: a TOML file with the same names as keys.

    Raises:
        UsageError: an unknown key, a value of a wrong type or out of range, or no data.
        MissingExtraError: Python 3.10 without tomli.
    """
    given = read_toml(config) if config is not None else {}
    given |= {key: value for key, value in options.items() if value is not None}
    settings = Settings(**{k: given[k] for k in ("flow", "mode", "recipe") if k in given})
    _check_choices(settings)
    recipe = RECIPES.get((settings.flow, settings.recipe))
    if recipe is None:
        raise UsageError(
            f"--recipe {settings.recipe}: is for the keyed flow only. For --flow {settings.flow} "
            "give quick."
        )
    settings = Settings(**(recipe | given))
    _check(settings)
    return settings


def read_toml(path: Path) -> dict[str, Any]:
    """The values of a TOML file, converted to the types of `Settings`.

    Raises:
        UsageError: it cannot be read, is not TOML, or has an unknown key or invalid value.
        MissingExtraError: see `gather`.
    """
    try:
        import tomllib
    except ImportError:  # Python 3.10
        try:
            import tomli as tomllib  # type: ignore[import-not-found, no-redef, unused-ignore]
        except ImportError:
            raise MissingExtraError(
                f"{path}: Python 3.10 needs tomli to read TOML. Run pip install tomli."
            ) from None
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}).") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: not valid TOML: {error}.") from None
    kinds = {field.name: str(field.type) for field in fields(Settings)}
    values = {}
    for written, value in content.items():
        key = written.replace("-", "_")
        if key not in kinds:
            raise UsageError(f"{path}: unknown key {written!r}. Known: {', '.join(kinds)}.")
        values[key] = _converted(value, kinds[key], f"{path}: {written}", path.parent)
    return values


def _converted(value: object, kind: str, where: str, folder: Path) -> Any:
    """A TOML value converted to a setting's type. Paths are relative to the file's folder."""
    if kind == "tuple[Path, ...]":
        names = [value] if isinstance(value, str) else value
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            return tuple(folder / Path(name).expanduser() for name in names)
        raise UsageError(f"{where}: give a path or a list of paths, not {value!r}.")
    if kind.startswith("Path"):
        if isinstance(value, str):
            return folder / Path(value).expanduser()
        raise UsageError(f"{where}: give a path, not {value!r}.")
    right: dict[str, tuple[type, ...]] = {
        "str": (str,),
        "int": (int,),
        "float": (int, float),
        "bool": (bool,),
    }
    if not isinstance(value, right[kind]) or (isinstance(value, bool) and kind != "bool"):
        names = {"str": "a text", "int": "a whole number", "float": "a number", "bool": "a bool"}
        raise UsageError(f"{where}: give {names[kind]}, not {value!r}.")
    return float(value) if kind == "float" else value  # type: ignore[arg-type]


def _check_choices(settings: Settings) -> None:
    for key, allowed in CHOICES.items():
        if getattr(settings, key) not in allowed:
            raise UsageError(f"--{key} {getattr(settings, key)}: choose {' or '.join(allowed)}.")


def _check(settings: Settings) -> None:
    _check_choices(settings)
    if not settings.data:
        raise UsageError("nothing to train on: give --data with a folder of face images.")
    if settings.out == Path():
        raise UsageError("give --out with a folder for the run.")
    if settings.loss not in LOSSES[settings.flow]:
        allowed = " or ".join(LOSSES[settings.flow])
        raise UsageError(f"--loss {settings.loss}: --flow {settings.flow} takes {allowed}.")
    for field in fields(settings):
        value = getattr(settings, field.name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            least = LEAST.get(field.name, 0)
            if not least <= value < float("inf"):
                raise UsageError(f"--{_dashed(field.name)} {value}: give {least} or more.")
    if not settings.rate > 0 or not settings.clip > 0:
        raise UsageError("--rate and --clip must be more than 0.")
    if settings.average >= 1 or settings.beta2 >= 1:
        raise UsageError("--average and --beta2 must be less than 1.")
    multiple = 2 if settings.flow == "keyed" else 16
    for key in ("size", "crop"):
        if getattr(settings, key) % multiple:
            raise UsageError(f"--{key} {getattr(settings, key)}: give a multiple of {multiple}.")
    if settings.flow != "keyed" and not settings.crop:
        raise UsageError(f"--crop 0: the {settings.flow} flow trains on crops. Give 128.")
    if settings.crop and settings.pool < max(settings.batch, settings.fresh):
        raise UsageError(f"--pool {settings.pool}: give at least --batch and --fresh.")
    utility = {name: getattr(settings, name) for name in ("identity", "face", "gender")}
    if any(utility.values()) and (settings.crop or settings.flow != "keyed"):
        raise UsageError("utility losses need whole faces of the keyed flow: give --crop 0.")
    for name in ("face", "gender"):
        if utility[name] and getattr(settings, f"{name}_head") is None:
            raise UsageError(f"--{name} {utility[name]}: give --{name}-head with its weights.")
    if not settings.name or not settings.name.replace("-", "").replace("_", "").isalnum():
        raise UsageError(f"--name {settings.name}: letters, digits, - and _ only.")


def as_json(settings: Settings) -> dict[str, Any]:
    """The settings as JSON, with paths as strings."""
    return dict(json.loads(json.dumps(asdict(settings), default=str)))


def _dashed(name: str) -> str:
    return name.replace("_", "-")
