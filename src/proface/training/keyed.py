"""What training the keyed flow is: its data, its loss, its figures.

The loss of a step: protect under a random key, round to 8 bits, recover with the key, and with
another random key.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn

from proface.evaluation.sheet import Cell, contact_sheet
from proface.flows import KeyedFlow
from proface.training import losses
from proface.training.distributed import World
from proface.training.images import Pixels
from proface.training.layouts import Item
from proface.training.looks import Sampler, target_photos
from proface.training.losses import Terms, rounded
from proface.training.settings import Settings
from proface.training.stream import Images, pooled, prefetched
from proface.training.utility import Utility

EACH = 4  # crops of one image
MORE = 32  # pixels that a scaled image exceeds the crop by, at least
SHEET = 4  # images on a sheet of samples


class Pair(NamedTuple):
    """An original and its obfuscated image, H x W x 3, and who is on it ("" where unknown)."""

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
    """Key maps of +-1, b x 1 x H x W, for images b x 3 x H x W; the same on every device."""
    bits = torch.randint(0, 2, (shape[0], 1, *shape[2:]), generator=generator)
    return bits.float() * 2 - 1


class Objective(nn.Module):
    """The loss of one step, whole: what several processes share the gradients of.

    Args:
        flow: what is trained.
        settings: of the run.
        perceptual: LPIPS, where the loss has it.
        utility: the utility losses, where there are any.
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
        """A batch -> the weighted terms."""
        settings = self._settings
        device = next(self.flow.parameters()).device
        x = to_tensor([pair.original for pair in batch]).to(device)
        o = to_tensor([pair.obfuscated for pair in batch]).to(device)
        generator = torch.Generator().manual_seed(seed)
        key, other = (random_keys(x.shape, generator).to(device) for _ in range(2))
        p = self._half(lambda: self.flow(o, x, key)[0])
        stored = rounded(p)
        back = self._half(lambda: self.flow.inverse(stored, key)[1])
        wrong = self._half(lambda: self.flow.inverse(stored, other)[1])
        if settings.loss == "pixels":
            wanted = o if settings.mode == "obfuscated" else losses.noise_of(other)
            # Weights that know already how to carry a face are not made to look bad again.
            look = 1.0 if settings.start else min(1.0, 0.1 + 1.5 * step / settings.steps)
            terms = losses.pixels(x, o, p, back, wrong, wanted, look=look)
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
        """In half precision where the settings say so; the result is float32."""
        device = next(self.flow.parameters()).device
        with torch.autocast(device.type, torch.bfloat16, self._settings.precision == "bf16"):
            return compute().float()


class KeyedTask:
    """Trains the keyed flow; see `proface.training.loop.Task`.

    Args:
        settings: of the run.
        parts: training, validation and test items.
        world: this process among others.
        warn: told of images that are passed over.
    """

    network: KeyedFlow

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
            self._held_out(part, settings, warn) if world.leads else [] for part in parts[1:]
        )
        torch.manual_seed(settings.seed)
        self.network = KeyedFlow()
        perceptual = None
        if settings.loss == "paper" or settings.perceptual:
            from proface.evaluation.perceptual import Lpips

            perceptual = Lpips("vgg")
        self.objective = Objective(self.network, settings, perceptual, Utility.of(settings))

    def batches(self, step: int) -> Generator[Sequence[Pair], None, None]:
        """Crops drawn from a pool, or whole images of which a batch has one look."""
        settings = self.settings
        if settings.crop:
            seed = [settings.seed, self.world.rank]
            return pooled(
                self._crops,
                each=EACH,
                size=settings.pool,
                fresh=settings.fresh,
                batch=settings.batch,
                seed=seed,
                step=step,
                workers=settings.workers,
            )
        return prefetched(self._whole, step, settings.workers)

    def _whole(self, step: int) -> Sequence[Pair]:
        settings = self.settings
        apply = self.sampler.draw(np.random.default_rng([settings.seed, 3, step, self.world.rank]))
        first = (step * self.world.size + self.world.rank) * settings.batch
        found = [self.images.whole(first + i, settings.size) for i in range(settings.batch)]
        return [Pair(image, apply(image), item.person) for image, item in found]

    def _crops(self, group: int) -> Sequence[Pair]:
        """Crops of one image, its look drawn for itself."""
        crop, number = self.settings.crop, group * self.world.size + self.world.rank
        generator = np.random.default_rng([self.settings.seed, 4, number])
        image, item = self.images.for_crops(number, crop + MORE, generator)
        obfuscated = self.sampler.draw(generator)(np.ascontiguousarray(image))
        pairs = []
        for _ in range(EACH):
            y, x = (int(generator.integers(side - crop + 1)) for side in image.shape[:2])
            area = slice(y, y + crop), slice(x, x + crop)
            pairs.append(Pair(image[area], obfuscated[area], item.person))
        return pairs

    def _held_out(
        self, items: Sequence[Item], settings: Settings, warn: Callable[[str], None]
    ) -> list[Pair]:
        """At most `validation` pairs, evenly over the items, with looks that never change."""
        images = Images(items[:: -(-len(items) // settings.validation)], 0, warn)
        pairs = []
        for i in range(len(images.items)):
            image, item = images.whole(i, settings.size)
            apply = self.sampler.draw(np.random.default_rng([5, i]))
            pairs.append(Pair(image, apply(image), item.person))
        return pairs

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Mean PSNR, dB, of 8-bit images: protected to look, recovered to original, and what a
        wrong key yields to the original (random) or to the look (obfuscated). The score is the
        lowest of those that should be high: an untrained flow protects perfectly.
        """
        return self._figures(network, self.held_out)

    def final(self, network: nn.Module) -> dict[str, float]:
        """The same on the test part, which no choice was made on."""
        return self._figures(network, self.test)

    def _figures(self, network: nn.Module, pairs: Sequence[Pair]) -> dict[str, float]:
        obfuscated = self.settings.mode == "obfuscated"
        rows = []
        for pair, p, back, wrong in self._shown(network, pairs):
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
        """For each pair: protected, recovered, and what a wrong key yields, as 8-bit files."""
        device = next(network.parameters()).device
        for i, pair in enumerate(pairs):
            x, o = to_tensor([pair.original]).to(device), to_tensor([pair.obfuscated]).to(device)
            generator = torch.Generator().manual_seed(i)
            key, other = (random_keys(x.shape, generator).to(device) for _ in range(2))
            with torch.inference_mode():
                p = rounded(network(o, x, key)[0]).clamp(-1, 1)
                back = network.inverse(p, key)[1]  # type: ignore[operator]
                wrong = network.inverse(p, other)[1]  # type: ignore[operator]
            yield pair, to_pixels(p[0]), to_pixels(back[0]), to_pixels(wrong[0])

    def samples(self, network: nn.Module) -> Image.Image:
        """A row for each of some images held out."""
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


def psnr(a: Pixels, b: Pixels) -> float:
    """dB, peak 255; 78 at most, for equal images."""
    tensors = (torch.from_numpy(np.array(v, np.float32)).permute(2, 0, 1)[None] for v in (a, b))
    return float(losses.decibels(*tensors).item())
