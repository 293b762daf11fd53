"""Runs the attacks one after the other, keeps what is done, and writes the report."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from proface.attacks.arms import CORES
from proface.attacks.copies import examine_copies
from proface.attacks.findings import Finding, read, report
from proface.attacks.fixed_key import fix_key
from proface.attacks.guessing import guess
from proface.attacks.inversion import Effort, invert
from proface.attacks.judging import Gallery
from proface.attacks.looks import examine_looks
from proface.attacks.material import held_out_regions, training_paths
from proface.attacks.near_misses import examine_near_misses
from proface.attacks.races import Exam, Tell
from proface.attacks.statistics import examine
from proface.errors import OutputExistsError

ATTACKS = (
    "inversion",
    "fixed-key",
    "near-misses",
    "copies",
    "guessing",
    "statistics",
    "looks",
)
FEW, MANY = 24, 110  # regions of a folder that a run is judged on, below LONG minutes and above
LONG = 10.0


@dataclass(frozen=True)
class Order:
    """What to do.

    Attributes:
        model: name of the model attacked.
        data: folders to train on.
        test: folders to test on.
        folder: where everything goes.
        only: the attacks, of `ATTACKS`.
        effort: of each attack that trains.
    """

    model: str
    data: Sequence[Path]
    test: Sequence[Path]
    folder: Path
    only: Sequence[str]
    effort: Effort


def attack(order: Order, tell: Tell) -> list[Finding]:
    """Run the attacks; those that the folder has findings of are not run again.

    Raises:
        OutputExistsError: the folder holds another run.
        UsageError: data are missing.
    """
    torch.set_num_threads(min(CORES, os.cpu_count() or 1))
    order.folder.mkdir(parents=True, exist_ok=True)
    facts = {
        "model": order.model,
        "minutes": order.effort.minutes,
        "sizes": ", ".join(order.effort.sizes),
        "trained on": ", ".join(folder.name for folder in order.data),
        "tested on": ", ".join(folder.name for folder in order.test),
    }
    _same_run(order.folder, facts)
    paths = training_paths(order.data)
    most = FEW if order.effort.minutes < LONG else MANY
    regions, known = held_out_regions(order.test, most)
    facts["test regions"] = f"{len(regions)}, of whom {len(known)} people have another photo"
    test = Exam(regions, Gallery(known))
    done: dict[str, Finding] = {}
    for name in order.only:
        path = order.folder / f"{name}.json"
        if path.exists():
            done[name] = read(json.loads(path.read_text("utf-8")))
            tell(f"{name}: {done[name].verdict} (done before)")
            continue
        tell(f"{name}:")
        finding = _run(name, order, paths, test, tell)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(finding.to_json()), "utf-8")
        os.replace(temporary, path)
        done[name] = finding
        tell(f"{name}: {finding.verdict}. {finding.because}")
        report(list(done.values()), facts, order.folder)
    report(list(done.values()), facts, order.folder)
    return list(done.values())


def _run(name: str, order: Order, paths: Sequence[Path], test: Exam, tell: Tell) -> Finding:
    model, effort, folder = order.model, order.effort, order.folder
    if name == "inversion":
        return invert(model, paths, test, effort, folder, tell)
    if name == "fixed-key":
        return fix_key(model, paths, test, effort, folder, tell)
    if name == "near-misses":
        return examine_near_misses(model, test, effort.minutes, folder, tell)
    if name == "copies":
        return examine_copies(model, test, effort.minutes, folder, tell)
    if name == "guessing":
        return guess()
    if name == "statistics":
        return examine(model, test, effort.minutes, tell)
    return examine_looks(paths, test, effort, folder, tell)


def _same_run(folder: Path, facts: dict[str, object]) -> None:
    """A folder belongs to one run: checkpoints of other options would go on wrongly."""
    path = folder / "run.json"
    if path.exists():
        if json.loads(path.read_text("utf-8")) != facts:
            raise OutputExistsError(
                f"{folder} holds a run with other options. Name another folder, or remove it."
            )
    else:
        path.write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
