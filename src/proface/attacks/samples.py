"""What attackers learn from: faces in many looks, and what each victim makes of them."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from proface.attacks.material import mirrored, region
from proface.attacks.victims import Victim
from proface.obfuscators import obfuscate

Pixels = npt.NDArray[np.uint8]

LOOKS = ("blur:15", "pixelate:20", "mask")
SHIPPED = 0.6  # part of the training samples in one of LOOKS; the others have any strength
BATCH = 4
POOL = 160  # samples kept, of which each step draws a batch
NEW_EVERY = 2  # steps, that a new sample comes in; making one costs as much as half a step


class Sample(NamedTuple):
    """A region, its look, and what each victim shows of it and opens without the key."""

    x: Pixels
    look: str
    shown: dict[str, Pixels]
    opened: dict[str, Pixels | None]


def random_look(generator: np.random.Generator, looks: Sequence[str] = LOOKS) -> str:
    """One of the looks attacked, or another kind or strength, weak ones too."""
    if generator.random() < SHIPPED:
        return str(generator.choice(list(looks)))
    kind = generator.integers(3)
    if kind == 0:
        return f"blur:{math.exp(generator.uniform(math.log(2), math.log(32))):.2g}"
    if kind == 1:
        return f"pixelate:{generator.integers(4, 41)}"
    return f"median:{2 * generator.integers(2, 33) + 1}"


class Samples:
    """Endless samples from photos, out of a pool of them.

    Attributes:
        victims: whose pictures new samples have.
        costs: by victim, the processor time in seconds that its pictures of the last batch took.
    """

    def __init__(
        self, paths: Sequence[Path], victims: Mapping[str, Victim], seed: list[int]
    ) -> None:
        self._paths, self.victims = paths, victims
        self.costs: dict[str, float] = {}
        self._generator = np.random.default_rng(seed)
        self._pool: list[Sample] = []
        self._drawn = 0

    def batch(self) -> list[Sample]:
        """The next batch, the same for every victim."""
        self.costs = defaultdict(float)
        fresh = int(self._drawn % NEW_EVERY == 0) if self._pool else BATCH
        self._drawn += 1
        self._pool = (self._pool + [self._one() for _ in range(fresh)])[-POOL:]
        return [self._pool[i] for i in self._generator.integers(len(self._pool), size=BATCH)]

    def _one(self) -> Sample:
        generator, began = self._generator, time.process_time()
        while (found := region(self._paths[int(generator.integers(len(self._paths)))])) is None:
            pass
        if generator.random() < 0.5:
            found = mirrored(found)
        look = random_look(generator)
        o = obfuscate(found.pixels, look, [found.face])
        x = found.pixels
        common = time.process_time() - began
        shown, opened = {}, {}
        for name, victim in self.victims.items():
            began = time.process_time()
            shown[name] = victim.show(x, o)
            opened[name] = victim.opened(shown[name])
            self.costs[name] += common + time.process_time() - began
        return Sample(x, look, shown, opened)
