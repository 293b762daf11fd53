"""What attackers learn from: faces in many looks, and what each victim makes of them."""

from __future__ import annotations

import math
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
    """Endless samples from photos, out of a pool of them."""

    def __init__(
        self, paths: Sequence[Path], victims: Mapping[str, Victim], seed: list[int]
    ) -> None:
        self._paths, self.victims = paths, victims
        self._generator = np.random.default_rng(seed)
        self._pool: list[Sample] = []

    def batch(self) -> list[Sample]:
        """The next batch, the same for every victim."""
        fresh = 1 if self._pool else BATCH
        self._pool = (self._pool + [self._one() for _ in range(fresh)])[-POOL:]
        return [self._pool[i] for i in self._generator.integers(len(self._pool), size=BATCH)]

    def _one(self) -> Sample:
        generator = self._generator
        while (found := region(self._paths[int(generator.integers(len(self._paths)))])) is None:
            pass
        if generator.random() < 0.5:
            found = mirrored(found)
        look = random_look(generator)
        o = obfuscate(found.pixels, look, [found.face])
        x = found.pixels
        shown = {name: victim.show(x, o) for name, victim in self.victims.items()}
        opened = {name: v.opened(shown[name]) for name, v in self.victims.items()}
        return Sample(x, look, shown, opened)
