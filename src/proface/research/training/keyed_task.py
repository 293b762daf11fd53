"""Training of the keyed flow: data, loss and validation.

Each step protects with a random key, rounds to 8 bits, and recovers with that key and with another
random key.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn

from proface.research.evaluation.contact_sheet import Cell, contact_sheet
from proface.research.evaluation.metrics import psnr
from proface.research.networks.keyed_flow import KeyedFlow
from proface.research.networks.precision import mixed_precision
from proface.research.training import losses
from proface.research.training.batches import prefetched
from proface.research.training.dataset_layouts import Item
from proface.research.training.flow_task import SHEET, FlowTask, lpips
from proface.research.training.images import some_sharp, some_vivid
from proface.research.training.look_sampler import Apply
from proface.research.training.losses import Terms, round_to_8_bit
from proface.research.training.settings import Settings
from proface.research.training.utility_losses import Utility
from proface.types import Pixels

EACH = 4  # crops of one image
MORE = 32  # pixels by which a resized image exceeds the crop, at least
VIVID = 0.3  # of the images get colour augmentation, if they exceed the crop twice as much


class Pair(NamedTuple):
    """An original, its obfuscated image, both uint8 H x W x 3, and the identity ("" if unknown)."""

    original: Pixels
    obfuscated: Pixels
    person: str


def to_tensor(images: Sequence[Pixels]) -> Tensor:
    """uint8 images -> b x 3 x H x W in [-1, 1]."""
    stacked: npt.NDArray[np.float32] = np.stack(images).astype(np.float32) / 127.5 - 1
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).contiguous()


def to_pixels(image: Tensor) -> Pixels:
    """3 x H x W in [-1, 1] -> uint8 H x W x 3."""
    levels = ((image.clamp(-1, 1) + 1) * 127.5).round()
    return np.asarray(levels.permute(1, 2, 0).cpu().numpy(), np.uint8)


def random_keys(shape: Sequence[int], generator: torch.Generator) -> Tensor:
    """Random key maps of +-1, b x 1 x H x W, for images b x 3 x H x W; equal on all devices."""
    bits = torch.randint(0, 2, (shape[0], 1, *shape[2:]), generator=generator)
    return bits.float() * 2 - 1


class Objective(nn.Module):
    """The loss of one step, as one module for distributed training.

    Args:
        flow: the flow to train.
        settings: of the run.
        perceptual: LPIPS, if the loss needs it.
        utility: the utility losses, if any.
    """

    def __init__(
        self,
        flow: KeyedFlow,
        settings: Settings,
        perceptual: nn.Module | None,
        utility: Utility | None,
    ) -> None:
        super().__init__()
        self.flow, self.perceptual, self.utility = flow, perceptual, utility
        self._settings = settings

    def forward(self, batch: Sequence[Pair], step: int, seed: int) -> Terms:
        """A batch -> the weighted loss terms."""
        settings = self._settings
        device = next(self.flow.parameters()).device
        x = to_tensor([pair.original for pair in batch]).to(device)
        o = to_tensor([pair.obfuscated for pair in batch]).to(device)
        generator = torch.Generator().manual_seed(seed)
        key, other = (random_keys(x.shape, generator).to(device) for _ in range(2))
        p = self._half(lambda: self.flow(o, x, key)[0])
        stored = round_to_8_bit(p)
        back = self._half(lambda: self.flow.inverse(stored, key)[1])
        wrong = self._half(lambda: self.flow.inverse(stored, other)[1])
        if settings.loss == "pixels":
            wanted = o if settings.mode == "obfuscated" else losses.untrained_noise(other)
            # Pretrained weights start with the full weight on the protected image.
            ramp = 1.0 if settings.start else min(1.0, 0.1 + 1.5 * step / settings.steps)
            terms = losses.pixel_losses(
                x, o, p, back, wrong, wanted, look=settings.protect * ramp, key=settings.wrong
            )
            if self.perceptual is not None:
                terms["protect_perceptual"] = settings.perceptual * self.perceptual(o, p).mean()
        else:
            assert self.perceptual is not None
            paper = losses.paper_random if settings.mode == "random" else losses.paper_obfuscated
            terms = paper(x, o, p, back, wrong, self.perceptual)
        if self.utility is not None:
            terms |= self.utility(x, p, [pair.person for pair in batch])
        return terms

    def _half(self, compute: Callable[[], Tensor]) -> Tensor:
        """Compute with mixed precision if the settings say so; the result is float32."""
        device = next(self.flow.parameters()).device
        with mixed_precision(device, self._settings.precision):
            return compute().float()


class KeyedTask(FlowTask[Pair]):
    """Trains the keyed flow; see `FlowTask`."""

    network: KeyedFlow
    each = EACH

    def _build(self, settings: Settings) -> None:
        self.network = KeyedFlow()
        perceptual = lpips(needed=settings.loss == "paper" or settings.perceptual > 0)
        self.objective = Objective(self.network, settings, perceptual, Utility.of(settings))

    def batches(self, step: int) -> Generator[Sequence[Pair], None, None]:
        """Crops drawn from a pool, or whole images, with one look for each batch."""
        if self.settings.crop:
            return super().batches(step)
        return prefetched(self._whole, step, self.settings.workers)

    def _whole(self, step: int) -> Sequence[Pair]:
        settings = self.settings
        apply = self.sampler.draw(np.random.default_rng([settings.seed, 3, step, self.world.rank]))
        first = (step * self.world.size + self.world.rank) * settings.batch
        found = [self.images.whole(first + i, settings.size) for i in range(settings.batch)]
        return [Pair(image, apply(image), item.person) for image, item in found]

    def _crops(self, group: int) -> Sequence[Pair]:
        """Crops of one image, sometimes with colour augmentation, with its own random look."""
        crop, number = self.settings.crop, group * self.world.size + self.world.rank
        generator = np.random.default_rng([self.settings.seed, 4, number])
        image, item = self.images.for_crops(number, crop + MORE, generator)
        above, least = crop + 2 * MORE, crop + MORE // 2
        image = some_vivid(image, generator, part=VIVID, above=above, least=least)
        image = some_sharp(image, generator)
        obfuscated = self.sampler.draw(generator)(np.ascontiguousarray(image))
        pairs = []
        for _ in range(EACH):
            y, x = (int(generator.integers(side - crop + 1)) for side in image.shape[:2])
            area = slice(y, y + crop), slice(x, x + crop)
            pairs.append(Pair(image[area], obfuscated[area], item.person))
        return pairs

    def held_out_sample(self, image: Pixels, item: Item, apply: Apply, number: int) -> Pair:
        """See `FlowTask`."""
        return Pair(image, apply(image), item.person)

    def figures(self, network: nn.Module, samples: Sequence[Pair]) -> dict[str, float]:
        """PSNR of protected to look, of recovered to original, and of wrong-key recoveries.

        Wrong-key recoveries are compared with the original (random mode) or the look (obfuscated
        mode). The score is the lowest of those that should be high: an untrained flow protects
        perfectly.
        """
        obfuscated = self.settings.mode == "obfuscated"
        rows = []
        for pair, p, back, wrong in self._shown(network, samples):
            reference = pair.obfuscated if obfuscated else pair.original
            compared = ((p, pair.obfuscated), (back, pair.original), (wrong, reference))
            rows.append([psnr(a, b) for a, b in compared])
        protected, recovered, wrong_key = (float(v) for v in np.mean(rows, 0))
        high = [protected, recovered] + ([wrong_key] if obfuscated else [])
        return {
            "protected": protected,
            "recovered": recovered,
            "wrong_key": wrong_key,
            "score": min(high),
        }

    def _shown(
        self, network: nn.Module, pairs: Sequence[Pair]
    ) -> Iterator[tuple[Pair, Pixels, Pixels, Pixels]]:
        """For each pair: protected, recovered, and recovered with a wrong key, in 8 bits."""
        device = next(network.parameters()).device
        for i, pair in enumerate(pairs):
            x, o = to_tensor([pair.original]).to(device), to_tensor([pair.obfuscated]).to(device)
            generator = torch.Generator().manual_seed(i)
            key, other = (random_keys(x.shape, generator).to(device) for _ in range(2))
            with torch.inference_mode():
                p = round_to_8_bit(network(o, x, key)[0]).clamp(-1, 1)
                back = network.inverse(p, key)[1]  # type: ignore[operator]
                wrong = network.inverse(p, other)[1]  # type: ignore[operator]
            yield pair, to_pixels(p[0]), to_pixels(back[0]), to_pixels(wrong[0])

    def samples(self, network: nn.Module) -> Image.Image:
        """A contact sheet of some validation images."""
        obfuscated, rows = self.settings.mode == "obfuscated", []
        aim = "to the look" if obfuscated else "to the original"
        for pair, p, back, wrong in self._shown(network, self.held_out[:SHEET]):
            wanted = pair.obfuscated if obfuscated else pair.original
            rows.append(
                [
                    Cell(pair.original),
                    Cell(pair.obfuscated),
                    Cell(p, f"{psnr(p, pair.obfuscated):.1f} dB", "to the look"),
                    Cell(back, f"{psnr(back, pair.original):.1f} dB", "to the original"),
                    Cell(wrong, f"{psnr(wrong, wanted):.1f} dB", aim),
                ]
            )
        return contact_sheet(["original", "look", "protected", "recovered", "wrong key"], rows)
