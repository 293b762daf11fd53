"""Attackers side by side on the same faces, judged at marks on the way; goes on after a kill."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from proface.attacks.arms import CORES, Arm
from proface.attacks.intervals import bootstrap
from proface.attacks.judging import Gallery, Scores, judge
from proface.attacks.material import Region
from proface.attacks.restorer import Restorer
from proface.attacks.samples import LOOKS, Samples
from proface.attacks.victims import Look, Victim
from proface.obfuscators import obfuscate

Pixels = npt.NDArray[np.uint8]
Tell = Callable[[str], None]

MARKS = (1, 5, 15, 30, 60, 120, 240, 480)  # minutes after the fork at which attackers are judged
FEW = 16  # images that controls are judged on
CHECKPOINT_EVERY = 90  # seconds
BASELINE = Look()


@dataclass(frozen=True)
class Exam:
    """What attackers are examined on.

    Attributes:
        regions: faces never trained on.
        gallery: another photo of each person who has one, as it is.
        looks: in which the faces are hidden.
    """

    regions: Sequence[Region]
    gallery: Gallery
    looks: Sequence[str] = LOOKS

    def only(self, most: int, looks: Sequence[str] | None = None) -> Exam:
        """A smaller test, evenly over the regions; the gallery stays whole."""
        step = -(-len(self.regions) // most)
        return Exam(self.regions[::step], self.gallery, looks or self.looks)


class Stage:
    """A victim's pictures of the test, made once, under fresh keys."""

    def __init__(self, test: Exam) -> None:
        self._test = test
        self._made: dict[tuple[str, bool], dict[str, list[tuple[Pixels, Pixels | None]]]] = {}

    def pictures(
        self, victim: Victim, *, decoys: bool = False
    ) -> dict[str, list[tuple[Pixels, Pixels | None]]]:
        """By look, each region's picture and what the attacker's own decoder makes of it.

        A decoy has the region's look, too, but hides the next region's face behind it: what an
        attacker finds in it about the region, the look has told him.
        """
        if (victim.name, decoys) not in self._made:
            regions = self._test.regions
            hidden = [*regions[1:], regions[0]] if decoys else regions
            made: dict[str, list[tuple[Pixels, Pixels | None]]] = {}
            for look in self._test.looks:
                made[look] = []
                for shown, under in zip(regions, hidden, strict=True):
                    o = obfuscate(shown.pixels, look, [shown.face])
                    p = victim.show(under.pixels, o)
                    made[look].append((p, victim.opened(p)))
            self._made[victim.name, decoys] = made
        return self._made[victim.name, decoys]

    def scores(self, arm: Arm, victim: Victim, *, decoys: bool = False) -> dict[str, Scores]:
        """How well an attacker restores each look."""
        return {
            look: judge(
                self._test.regions, [arm.restore(*pair) for pair in pairs], self._test.gallery
            )
            for look, pairs in self.pictures(victim, decoys=decoys).items()
        }


def gains(attack: Scores, baseline: Scores) -> list[float]:
    """The attack's PSNR less the baseline's on the same images, dB: mean and 95 % interval."""
    return [round(v, 4) for v in bootstrap(np.subtract(attack.psnr, baseline.psnr))]


def compared(
    attack: dict[str, Scores], baseline: dict[str, Scores], decoy: dict[str, Scores]
) -> dict[str, Any]:
    """By look, an attack's scores beside those of its baseline and of its own on decoys.

    With the gains over both, and by recogniser how many people are named first under their own
    picture alone, and under the decoy alone.
    """
    return {
        look: {
            "gain": gains(scores, baseline[look]),
            "gain_over_decoy": gains(scores, decoy[look]),
            "attack": scores.to_json(),
            "baseline": baseline[look].to_json(),
            "decoy": decoy[look].to_json(),
            "alone": {
                name: [alone(hits, decoy[look].rank1[name]), alone(decoy[look].rank1[name], hits)]
                for name, hits in scores.rank1.items()
            },
        }
        for look, scores in attack.items()
    }


def alone(hits: Sequence[bool], others: Sequence[bool]) -> int:
    """How many of the same people are hit here and not there."""
    return sum(hit and not other for hit, other in zip(hits, others, strict=True))


def pretrain(path: Path, size: str, paths: Sequence[Path], minutes: float, tell: Tell) -> Arm:
    """A network that restores looks, trained for so long; kept in `path`, where it goes on.

    The minutes are of two cores, the making of the pictures counted.
    """
    torch.manual_seed(0)
    arm = Arm(BASELINE.name, Restorer(size))
    if path.exists():
        arm.load(torch.load(path, weights_only=True))
    samples = Samples(paths, {BASELINE.name: BASELINE}, [0, arm.step])
    saved = time.monotonic()
    while arm.minutes < minutes:
        advance([arm], samples, map)
        if arm.minutes >= minutes or time.monotonic() - saved > CHECKPOINT_EVERY:
            save(arm.state(), path)
            saved = time.monotonic()
            tell(f"{size} restorer: {arm.minutes:.1f} of {minutes:.3g} min, step {arm.step}")
    return arm


def race(
    path: Path,
    start: Arm,
    victims: Mapping[str, tuple[Victim, float]],
    paths: Sequence[Path],
    test: Exam,
    tell: Tell,
) -> tuple[dict[str, Arm], list[dict[str, Any]]]:
    """Fork `start` for the baseline and for each victim, and train them side by side.

    Args:
        path: the checkpoint, from which it goes on.
        start: the network that restores looks.
        victims: by name, each with its minutes of two cores after the fork. The first is judged
            at all marks, the others, the controls, at their end, and on fewer images.

    Returns:
        The attackers by victim, and a record for each judgement, with the baseline's scores at
        the same step beside it, and the attacker's own on decoys.
    """
    arms = {name: start.fork(name) for name in (BASELINE.name, *victims)}
    records: list[dict[str, Any]] = []
    if path.exists():
        state = torch.load(path, weights_only=True)
        records = state["records"]
        for name, arm in arms.items():
            arm.load(state["arms"][name])
    first = next(iter(victims))
    ends = {name: [start.minutes + minutes] for name, (_, minutes) in victims.items()}
    ends[first] = [start.minutes + m for m in MARKS if m < victims[first][1]] + ends[first]
    judged = {(record["victim"], record["mark"]) for record in records}
    stages = {name: Stage(test if name == first else test.only(FEW)) for name in victims}
    shown = {BASELINE.name: BASELINE, **{name: victim for name, (victim, _) in victims.items()}}
    samples = Samples(paths, shown, [1, arms[first].step])

    def keep() -> None:
        save({"arms": {n: a.state() for n, a in arms.items()}, "records": records}, path)

    saved = time.monotonic()
    # One thread for each attacker: two that share its steps wait for one another.
    with ThreadPoolExecutor(CORES, initializer=torch.set_num_threads, initargs=(1,)) as runners:
        while True:
            passed = {n: [m for m in marks if arms[n].minutes >= m] for n, marks in ends.items()}
            due = [(n, m[-1]) for n, m in passed.items() if m and (n, m[-1]) not in judged]
            for name, mark in due:
                keep()
                base = stages[name].scores(arms[BASELINE.name], BASELINE)
                scores = stages[name].scores(arms[name], victims[name][0])
                decoy = stages[name].scores(arms[name], victims[name][0], decoys=True)
                records.append(
                    {
                        "victim": name,
                        "mark": mark,
                        "minutes": arms[name].minutes,
                        "step": arms[name].step,
                        "looks": compared(scores, base, decoy),
                    }
                )
                judged.add((name, mark))
                tell(f"{name} at {mark:.3g} min: {told(records[-1])}")
            running = [name for name, marks in ends.items() if arms[name].minutes < marks[-1]]
            if not running:
                break
            racing = [arms[name] for name in (BASELINE.name, *running)]
            samples.victims = {arm.victim: shown[arm.victim] for arm in racing}
            advance(racing, samples, runners.map)
            if time.monotonic() - saved > CHECKPOINT_EVERY:
                keep()
                saved = time.monotonic()
                done = ", ".join(
                    f"{n} {arms[n].minutes:.1f} of {ends[n][-1]:.3g} min" for n in running
                )
                tell(f"step {arms[first].step}: {done}")
    keep()
    return arms, records


def advance(arms: Sequence[Arm], samples: Samples, each: Callable[..., Iterator[None]]) -> None:
    """Every attacker takes a step on the next batch, and pays for it and for its own pictures.

    Args:
        arms: the attackers, equal networks, so that a step costs them the same.
        samples: where the batch comes from.
        each: `map`, or one that runs them side by side.
    """
    batch = samples.batch()
    began = time.process_time()
    for _ in each(lambda arm: arm.learn(batch), arms):
        pass
    seconds = (time.process_time() - began) / len(arms)
    for arm in arms:
        arm.spend(samples.costs[arm.victim] + seconds)


def told(record: Mapping[str, Any]) -> str:
    """A record on one line."""
    return "; ".join(
        f"{look} {found['attack']['psnr'][0]:.2f} dB, gain {found['gain'][0]:+.2f} "
        f"({found['gain'][1]:+.2f} to {found['gain'][2]:+.2f})"
        for look, found in record["looks"].items()
    )


def save(value: object, path: Path) -> None:
    """A checkpoint that a kill in the middle of writing cannot spoil."""
    torch.save(value, path.with_suffix(".tmp"))
    os.replace(path.with_suffix(".tmp"), path)
