"""Train attackers side by side on the same faces, and evaluate them on the way; resumable."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from proface.looks import obfuscate
from proface.research.attacks.attack_targets import AttackTarget, LookOnly
from proface.research.attacks.attackers import CORES, Attacker
from proface.research.attacks.confidence import bootstrap
from proface.research.attacks.face_sets import FaceCrop
from proface.research.attacks.restorer_network import Restorer
from proface.research.attacks.samples import LOOKS, Samples
from proface.research.attacks.scoring import Gallery, Scores, score
from proface.types import Pixels

Say = Callable[[str], None]
Pairs = dict[str, list[tuple[Pixels, Pixels | None]]]

EVALUATE_AT = (1, 5, 15, 30, 60, 120, 240, 480)  # minutes after the fork
CONTROL_IMAGES = 16  # that controls are evaluated on
CHECKPOINT_EVERY = 90  # seconds
BASELINE = LookOnly()


@dataclass(frozen=True)
class EvaluationSet:
    """What attackers are evaluated on.

    Attributes:
        regions: faces never trained on: the probes.
        gallery: another, unprotected photo of each person who has one.
        looks: in which the faces are hidden.
    """

    regions: Sequence[FaceCrop]
    gallery: Gallery
    looks: Sequence[str] = LOOKS

    def subset(self, most: int) -> EvaluationSet:
        """At most this many regions, evenly spaced; the whole gallery."""
        step = -(-len(self.regions) // most)
        return EvaluationSet(self.regions[::step], self.gallery, self.looks)


class TargetPictures:
    """The targets' pictures of an evaluation set, each made once under a fresh key."""

    def __init__(self, test: EvaluationSet) -> None:
        self._test = test
        self._made: dict[tuple[str, bool], Pairs] = {}

    def pairs(self, target: AttackTarget, *, negative_control: bool = False) -> Pairs:
        """By look, each region's picture and what the attacker decodes from it without the key.

        In the negative control the picture has the region's look but hides the next region's face:
        whatever of the region an attacker restores from it, it restores from the look.
        """
        if (target.name, negative_control) not in self._made:
            regions = self._test.regions
            hidden = [*regions[1:], regions[0]] if negative_control else regions
            made: Pairs = {}
            for look in self._test.looks:
                made[look] = []
                for shown, under in zip(regions, hidden, strict=True):
                    o = obfuscate(shown.pixels, look, [shown.face])
                    p = target.protect(under.pixels, o)
                    made[look].append((p, target.decode(p)))
            self._made[target.name, negative_control] = made
        return self._made[target.name, negative_control]

    def scores(
        self, attacker: Attacker, target: AttackTarget, *, negative_control: bool = False
    ) -> dict[str, Scores]:
        """An attacker's scores by look."""
        return {
            look: score(
                self._test.regions, [attacker.restore(*pair) for pair in pairs], self._test.gallery
            )
            for look, pairs in self.pairs(target, negative_control=negative_control).items()
        }


def gains(attack: Scores, baseline: Scores) -> list[float]:
    """The attack's PSNR less the baseline's on the same images, dB: mean and 95 % interval."""
    return [round(v, 4) for v in bootstrap(np.subtract(attack.psnr, baseline.psnr))]


def compared(
    attack: dict[str, Scores], baseline: dict[str, Scores], negative: dict[str, Scores]
) -> dict[str, Any]:
    """By look, an attack's scores beside those of its baseline and of its negative control.

    With the gains over both, and by recogniser the discordant people: those identified at rank 1
    in the attack but not in the negative control, and the other way round.
    """
    return {
        look: {
            "gain": gains(scores, baseline[look]),
            "gain_over_negative": gains(scores, negative[look]),
            "attack": scores.to_json(),
            "baseline": baseline[look].to_json(),
            "negative": negative[look].to_json(),
            "discordant": {
                name: [
                    only_first(hits, negative[look].rank1[name]),
                    only_first(negative[look].rank1[name], hits),
                ]
                for name, hits in scores.rank1.items()
            },
        }
        for look, scores in attack.items()
    }


def only_first(hits: Sequence[bool], others: Sequence[bool]) -> int:
    """The number of people who are hits in the first list but not in the second."""
    return sum(hit and not other for hit, other in zip(hits, others, strict=True))


def pretrain(path: Path, size: str, paths: Sequence[Path], minutes: float, say: Say) -> Attacker:
    """A network trained to restore looks, the common start of all attackers.

    Args:
        path: the checkpoint, from which training resumes.
        size: of the network, of `restorer_network.WIDTHS`.
        paths: training photos.
        minutes: of two cores, making the pictures included.
        say: called with progress messages.
    """
    torch.manual_seed(0)
    attacker = Attacker(BASELINE.name, Restorer(size))
    if path.exists():
        attacker.load(torch.load(path, weights_only=True))
    samples = Samples(paths, {BASELINE.name: BASELINE}, [0, attacker.step])
    saved = time.monotonic()
    while attacker.minutes < minutes:
        train_step([attacker], samples, map)
        if attacker.minutes >= minutes or time.monotonic() - saved > CHECKPOINT_EVERY:
            save(attacker.state(), path)
            saved = time.monotonic()
            spent = f"{attacker.minutes:.1f} of {minutes:.3g} min"
            say(f"{size} restorer: {spent}, step {attacker.step}")
    return attacker


def train_attackers(
    path: Path,
    start: Attacker,
    targets: Mapping[str, tuple[AttackTarget, float]],
    paths: Sequence[Path],
    test: EvaluationSet,
    say: Say,
) -> tuple[dict[str, Attacker], list[dict[str, Any]]]:
    """Fork `start` for the baseline and for each target, and train the copies side by side.

    Args:
        path: the checkpoint, from which training resumes.
        start: of `pretrain`.
        targets: by name, each with its minutes of two cores after the fork. The first is evaluated
            at all of EVALUATE_AT; the others, the controls, at their end and on fewer images.
        paths: training photos.
        test: what attackers are evaluated on.
        say: called with progress messages.

    Returns:
        The attackers by target, and a record for each evaluation, with the scores of the baseline
        at the same step and of the negative control.
    """
    attackers = {name: start.fork(name) for name in (BASELINE.name, *targets)}
    records: list[dict[str, Any]] = []
    if path.exists():
        state = torch.load(path, weights_only=True)
        records = state["records"]
        for name, attacker in attackers.items():
            attacker.load(state["attackers"][name])
    first = next(iter(targets))
    schedule = {name: [start.minutes + minutes] for name, (_, minutes) in targets.items()}
    early = [start.minutes + m for m in EVALUATE_AT if m < targets[first][1]]
    schedule[first] = early + schedule[first]
    evaluated = {(record["target"], record["scheduled"]) for record in records}
    pictures = {
        name: TargetPictures(test if name == first else test.subset(CONTROL_IMAGES))
        for name in targets
    }
    known = {BASELINE.name: BASELINE, **{name: target for name, (target, _) in targets.items()}}
    samples = Samples(paths, known, [1, attackers[first].step])

    def checkpoint() -> None:
        states = {name: attacker.state() for name, attacker in attackers.items()}
        save({"attackers": states, "records": records}, path)

    def evaluate(name: str, scheduled: float) -> None:
        own, (target, _) = pictures[name], targets[name]
        scores = compared(
            own.scores(attackers[name], target),
            own.scores(attackers[BASELINE.name], BASELINE),
            own.scores(attackers[name], target, negative_control=True),
        )
        facts = {"minutes": attackers[name].minutes, "step": attackers[name].step}
        records.append({"target": name, "scheduled": scheduled, **facts, "looks": scores})
        evaluated.add((name, scheduled))
        say(f"{name} at {scheduled:.3g} min: {summary_line(records[-1])}")

    saved = time.monotonic()
    # One thread for each attacker: two threads on one step would wait for one another.
    with ThreadPoolExecutor(CORES, initializer=torch.set_num_threads, initargs=(1,)) as threads:
        while True:
            for name, times in schedule.items():
                reached = [m for m in times if attackers[name].minutes >= m]
                if reached and (name, reached[-1]) not in evaluated:
                    checkpoint()
                    evaluate(name, reached[-1])
            running = [
                name for name, times in schedule.items() if attackers[name].minutes < times[-1]
            ]
            if not running:
                break
            active = [attackers[name] for name in (BASELINE.name, *running)]
            samples.targets = {attacker.target: known[attacker.target] for attacker in active}
            train_step(active, samples, threads.map)
            if time.monotonic() - saved > CHECKPOINT_EVERY:
                checkpoint()
                saved = time.monotonic()
                done = ", ".join(
                    f"{n} {attackers[n].minutes:.1f} of {schedule[n][-1]:.3g} min" for n in running
                )
                say(f"step {attackers[first].step}: {done}")
    checkpoint()
    return attackers, records


def train_step(
    attackers: Sequence[Attacker], samples: Samples, run: Callable[..., Iterator[None]]
) -> None:
    """Train every attacker on the next batch, and count the time of the step and of its pictures.

    Args:
        attackers: with equal networks, so that a step costs each the same.
        samples: where the batch comes from.
        run: `map`, or one that runs them in parallel.
    """
    batch = samples.batch()
    began = time.process_time()
    for _ in run(lambda attacker: attacker.train_step(batch), attackers):
        pass
    seconds = (time.process_time() - began) / len(attackers)
    for attacker in attackers:
        attacker.add_time(samples.costs[attacker.target] + seconds)


def summary_line(record: Mapping[str, Any]) -> str:
    """An evaluation record on one line."""
    return "; ".join(
        f"{look} {found['attack']['psnr'][0]:.2f} dB, gain {found['gain'][0]:+.2f} "
        f"({found['gain'][1]:+.2f} to {found['gain'][2]:+.2f})"
        for look, found in record["looks"].items()
    )


def save(value: object, path: Path) -> None:
    """Write a checkpoint; an interrupted write leaves the previous one."""
    torch.save(value, path.with_suffix(".tmp"))
    os.replace(path.with_suffix(".tmp"), path)
