"""Run the attacks one after the other, keep finished ones, and write the report."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from proface.errors import OutputExistsError
from proface.research.attacks.attacker_training import EvaluationSet, Say
from proface.research.attacks.attackers import CORES
from proface.research.attacks.copies import run_copies
from proface.research.attacks.face_sets import held_out_regions, training_paths
from proface.research.attacks.findings import Finding, from_json, write_report
from proface.research.attacks.inversion import Budget, run_inversion
from proface.research.attacks.key_reuse import run_fixed_key
from proface.research.attacks.look_leakage import run_looks
from proface.research.attacks.near_miss_keys import run_near_misses
from proface.research.attacks.password_guessing import run_guessing
from proface.research.attacks.scoring import Gallery
from proface.research.attacks.statistics import run_statistics

FEW, MANY = 24, 110  # test regions of each folder: budgets below LONG minutes, and others
LONG = 10.0


@dataclass(frozen=True)
class AttackPlan:
    """What to run.

    Attributes:
        model: name of the model attacked.
        data: folders of training photos.
        test: folders of test photos.
        folder: for report, pictures and checkpoints.
        only: the attacks, of `ATTACKS`.
        budget: of each attacker.
    """

    model: str
    data: Sequence[Path]
    test: Sequence[Path]
    folder: Path
    only: Sequence[str]
    budget: Budget


Run = Callable[[AttackPlan, Sequence[Path], EvaluationSet, Say], Finding]
ATTACKS: dict[str, Run] = {
    "inversion": lambda p, paths, test, say: run_inversion(
        p.model, paths, test, p.budget, p.folder, say
    ),
    "fixed-key": lambda p, paths, test, say: run_fixed_key(
        p.model, paths, test, p.budget, p.folder, say
    ),
    "near-misses": lambda p, paths, test, say: run_near_misses(
        p.model, test, p.budget.minutes, p.folder, say
    ),
    "copies": lambda p, paths, test, say: run_copies(
        p.model, test, p.budget.minutes, p.folder, say
    ),
    "guessing": lambda p, paths, test, say: run_guessing(p.model),
    "statistics": lambda p, paths, test, say: run_statistics(p.model, test, p.budget.minutes, say),
    "looks": lambda p, paths, test, say: run_looks(paths, test, p.budget, p.folder, say),
}


def attack(plan: AttackPlan, say: Say) -> list[Finding]:
    """Run the attacks; those with findings in the folder are not repeated.

    Raises:
        OutputExistsError: the folder holds a run with other options.
        UsageError: a folder has no photos or no faces.
    """
    torch.set_num_threads(min(CORES, os.cpu_count() or 1))
    plan.folder.mkdir(parents=True, exist_ok=True)
    facts = {
        "model": plan.model,
        "minutes": plan.budget.minutes,
        "sizes": ", ".join(plan.budget.sizes),
        "trained on": ", ".join(folder.name for folder in plan.data),
        "tested on": ", ".join(folder.name for folder in plan.test),
    }
    _check_same_run(plan.folder, facts)
    paths = training_paths(plan.data)
    most = FEW if plan.budget.minutes < LONG else MANY
    regions, known = held_out_regions(plan.test, most)
    facts["test regions"] = f"{len(regions)}, {len(known)} people with a gallery photo"
    test = EvaluationSet(regions, Gallery(known))
    done: dict[str, Finding] = {}
    for name in plan.only:
        path = plan.folder / f"{name}.json"
        if path.exists():
            done[name] = from_json(json.loads(path.read_text("utf-8")))
            say(f"{name}: {done[name].verdict} (done before)")
            continue
        say(f"{name}:")
        finding = ATTACKS[name](plan, paths, test, say)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(finding.to_json()), "utf-8")
        os.replace(temporary, path)
        done[name] = finding
        say(f"{name}: {finding.verdict}. {finding.because}")
        write_report(list(done.values()), facts, plan.folder)
    write_report(list(done.values()), facts, plan.folder)
    return list(done.values())


def _check_same_run(folder: Path, facts: dict[str, object]) -> None:
    """Refuse a folder of another run, whose checkpoints would be resumed wrongly."""
    path = folder / "run.json"
    if path.exists():
        if json.loads(path.read_text("utf-8")) != facts:
            raise OutputExistsError(
                f"{folder} holds a run with other options. Name another folder, or remove it."
            )
    else:
        path.write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
