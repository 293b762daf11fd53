"""What the training tasks of both flows share: data, validation and test sets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import nn

from proface.research.training.batches import Images, pooled
from proface.research.training.dataset_layouts import Item
from proface.research.training.distributed import World
from proface.research.training.look_sampler import Apply, Sampler, target_photos
from proface.research.training.settings import Settings
from proface.types import Pixels

S = TypeVar("S")
SHEET = 4  # images on a sheet of samples


class FlowTask(ABC, Generic[S]):
    """A task of `proface.research.training.loop`, with samples of type S.

    Args:
        settings: of the run.
        parts: training, validation and test items.
        world: the process group.
        warn: called for images that are skipped.
    """

    each: int  # crops of one image

    def __init__(
        self,
        settings: Settings,
        parts: tuple[list[Item], list[Item], list[Item]],
        world: World,
        warn: Callable[[str], None],
    ) -> None:
        self.settings, self.world = settings, world
        self.images = Images(parts[0], settings.seed, warn)
        self.sampler = Sampler(settings.look, target_photos(settings, parts[0]))
        self.held_out, self.test = (
            self._held_out(part, warn) if world.is_main else [] for part in parts[1:]
        )
        torch.manual_seed(settings.seed)
        self._build(settings)

    @abstractmethod
    def _build(self, settings: Settings) -> None:
        """Make `network` and `objective`."""

    def batches(self, step: int) -> Generator[Sequence[S], None, None]:
        """Batches of crops from a step on, drawn from a pool."""
        settings = self.settings
        return pooled(
            self._crops,
            each=self.each,
            size=settings.pool,
            fresh=settings.fresh,
            batch=settings.batch,
            seed=[settings.seed, self.world.rank],
            step=step,
            workers=settings.workers,
        )

    def validate(self, network: nn.Module) -> dict[str, float]:
        """`figures` of the validation set."""
        return self.figures(network, self.held_out)

    def final(self, network: nn.Module) -> dict[str, float]:
        """`figures` of the test set, which no choice depended on."""
        return self.figures(network, self.test)

    @abstractmethod
    def figures(self, network: nn.Module, samples: Sequence[S]) -> dict[str, float]:
        """Mean PSNR, dB, of 8-bit images by name, and "score", by which weights are chosen."""

    @abstractmethod
    def held_out_sample(self, image: Pixels, item: Item, apply: Apply, number: int) -> S:
        """A sample of a whole held-out image; `apply` obfuscates it."""

    @abstractmethod
    def _crops(self, group: int) -> Sequence[S]:
        """The `each` crops of one training image."""

    def _held_out(self, items: Sequence[Item], warn: Callable[[str], None]) -> list[S]:
        """At most `validation` samples, evenly spaced over the items, with fixed looks."""
        images = Images(items[:: -(-len(items) // self.settings.validation)], 0, warn)
        samples = []
        for i in range(len(images.items)):
            image, item = images.whole(i, self.settings.size)
            apply = self.sampler.draw(np.random.default_rng([5, i]))
            samples.append(self.held_out_sample(image, item, apply, i))
        return samples


def lpips(*, needed: bool) -> nn.Module | None:
    """LPIPS with VGG-16, if needed."""
    if not needed:
        return None
    from proface.research.evaluation.lpips import Lpips

    return Lpips("vgg")
