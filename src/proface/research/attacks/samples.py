"""Training samples of the attackers: faces in many looks, as pictures of every target."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from proface.looks import obfuscate
from proface.research.attacks.attack_targets import AttackTarget
from proface.research.attacks.face_sets import mirrored, region
from proface.types import Pixels

LOOKS = ("blur:15", "pixelate:20", "mask")
EVALUATED_SHARE = 0.6  # of the training samples are in one of LOOKS; the others in any strength
BATCH = 4
POOL = 160  # latest samples, from which batches are drawn
NEW_EVERY = 2  # steps a new sample enters the pool; making one costs as much as half a step


class Sample(NamedTuple):
    """A region, its look, and by target its picture and what is decoded from it without the key."""

    x: Pixels
    look: str
    pictures: dict[str, Pixels]
    decoded: dict[str, Pixels | None]


def random_look(generator: np.random.Generator, looks: Sequence[str] = LOOKS) -> str:
    """One of the evaluated looks, or any kind and strength, weak ones included."""
    if generator.random() < EVALUATED_SHARE:
        return str(generator.choice(list(looks)))
    kind = generator.integers(3)
    if kind == 0:
        return f"blur:{math.exp(generator.uniform(math.log(2), math.log(32))):.2g}"
    if kind == 1:
        return f"pixelate:{generator.integers(4, 41)}"
    return f"median:{2 * generator.integers(2, 33) + 1}"


class Samples:
    """Endless batches, drawn from a pool of samples that is renewed step by step.

    Attributes:
        targets: by name, those whose pictures new samples have.
        costs: by target, processor time in seconds of making its pictures for the last batch.
    """

    def __init__(
        self, paths: Sequence[Path], targets: Mapping[str, AttackTarget], seed: list[int]
    ) -> None:
        self._paths, self.targets = paths, targets
        self.costs: dict[str, float] = {}
        self._generator = np.random.default_rng(seed)
        self._pool: list[Sample] = []
        self._drawn = 0

    def batch(self) -> list[Sample]:
        """The next batch, the same for every target."""
        self.costs = defaultdict(float)
        fresh = int(self._drawn % NEW_EVERY == 0) if self._pool else BATCH
        self._drawn += 1
        self._pool = (self._pool + [self._make() for _ in range(fresh)])[-POOL:]
        return [self._pool[i] for i in self._generator.integers(len(self._pool), size=BATCH)]

    def _make(self) -> Sample:
        generator, began = self._generator, time.process_time()
        while (found := region(self._paths[int(generator.integers(len(self._paths)))])) is None:
            pass
        if generator.random() < 0.5:
            found = mirrored(found)
        x, look = found.pixels, random_look(generator)
        o = obfuscate(x, look, [found.face])
        common = time.process_time() - began
        pictures, decoded = {}, {}
        for name, target in self.targets.items():
            began = time.process_time()
            pictures[name] = target.protect(x, o)
            decoded[name] = target.decode(pictures[name])
            self.costs[name] += common + time.process_time() - began
        return Sample(x, look, pictures, decoded)
