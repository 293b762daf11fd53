"""What training the padded flow is: its codebook, then its repair network.

Both are on the side of recovery, or decide how the hidden words are spent. Nothing that is trained
touches the protected image, so that no training can open a leak.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn

from proface.errors import ModelError, UsageError
from proface.evaluation.sheet import Cell, contact_sheet
from proface.flows import PaddedFlow
from proface.latents import CELL, Codebook, Reading, encode, hide_words
from proface.training.checkpoints import write
from proface.training.distributed import World
from proface.training.images import Pixels, vivid
from proface.training.keyed import psnr
from proface.training.layouts import Item
from proface.training.looks import Apply, Sampler, target_photos
from proface.training.losses import Terms, decibels
from proface.training.modes import fit_to
from proface.training.settings import Settings
from proface.training.stream import Images, pooled

CODEBOOK = "codebook.npz"
EACH = 8  # crops taken from one image
VIVID = 0.25  # part of the images that are made vivid
SHEET = 4  # images on a sheet of samples


def codebook_of(
    settings: Settings, training: Sequence[Item], world: World, say: Callable[[str], None]
) -> Codebook:
    """The codebook that the settings name, or the run's own, fitted to the images the first time.

    Raises:
        ModelError: the file is no codebook.
        UsageError: it cannot be read.
    """
    path = settings.codebook or settings.out / CODEBOOK
    if settings.codebook is None and not path.exists() and world.leads:
        say(f"fitting the codebook: {settings.classes} classes, {settings.cells} cells")
        book = fit_to(
            [item.path for item in training],
            classes=settings.classes,
            cells=settings.cells,
            rounds=settings.rounds,
            say=say,
        )
        write(path, book.to_bytes())
    world.wait()
    try:
        return Codebook.from_bytes(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}).") from None
    except (ModelError, ValueError, KeyError):
        raise ModelError(f"{path}: no codebook of the padded flow, or damaged.") from None


class Sample(NamedTuple):
    """An image, or a crop of one, as recovery sees it, and as it was."""

    coefficients: npt.NDArray[np.floating]  # rows x columns x 768
    noise: npt.NDArray[np.float32]  # rows x columns x 3
    protected: Pixels  # H x W x 3
    original: Pixels


def protect(original: Pixels, apply: Apply, codebook: Codebook, seed: int) -> Sample:
    """A whole image of any size: what its words stand for, and its protected pixels."""
    height, width, _ = original.shape
    words = encode(codebook, original)
    # What the carrier holds is uniform whatever the words are: a random pad stands for any key's.
    padded = np.random.default_rng(seed).integers(0, 1 << 16, words.shape, np.uint16)
    everything = slice(None)
    coefficients, noise = Reading(codebook, words, height, width).decode(everything, everything)
    return Sample(coefficients, noise, hide_words(apply(original), padded), original)


def collate(samples: Sequence[Sample]) -> tuple[Tensor, ...]:
    """Coefficients, noise, protected, original, each b x channels x height x width."""
    return tuple(
        torch.from_numpy(np.stack(parts).astype(np.float32)).permute(0, 3, 1, 2)
        for parts in zip(*samples, strict=True)
    )


class Objective(nn.Module):
    """The loss of one step: how far the recovered crops are from the originals.

    Args:
        flow: the decoder, whose repair network is trained.
        settings: of the run.
        perceptual: LPIPS, where the loss has it.
    """

    def __init__(self, flow: PaddedFlow, settings: Settings, perceptual: nn.Module | None) -> None:
        super().__init__()
        self.flow, self.perceptual, self._settings = flow, perceptual, settings

    def forward(self, batch: Sequence[Sample], step: int, seed: int) -> Terms:
        """A batch -> the weighted terms. Nothing here is drawn at random: `seed` is not needed."""
        device = self.flow.colour.device
        coefficients, noise, protected, original = (part.to(device) for part in collate(batch))
        # Half precision in the network alone: the transform around it needs all its bits.
        planes, noise, features = self.flow.prepare(coefficients, noise, protected)
        with torch.autocast(device.type, torch.bfloat16, self._settings.precision == "bf16"):
            repair = self.flow.network(features)
        recovered = self.flow.finish(planes, noise, repair.float())
        if self._settings.loss == "psnr":
            terms = {"recover": -decibels(recovered, original).mean()}
        else:
            terms = {"recover": (recovered - original).abs().mean() / 127.5}
        if self.perceptual is not None:
            distance = self.perceptual(original / 127.5 - 1, recovered / 127.5 - 1)
            terms["perceptual"] = self._settings.perceptual * distance.mean()
        return terms


class PaddedTask:
    """Trains the padded flow's repair network; see `proface.training.loop.Task`.

    Args:
        settings: of the run.
        parts: training, validation and test items.
        codebook: of `codebook_of`.
        world: this process among others.
        warn: told of images that are passed over.
    """

    network: PaddedFlow

    def __init__(
        self,
        settings: Settings,
        parts: tuple[list[Item], list[Item], list[Item]],
        codebook: Codebook,
        world: World,
        warn: Callable[[str], None],
    ) -> None:
        self.settings, self.codebook, self.world = settings, codebook, world
        self.images = Images(parts[0], settings.seed, warn)
        self.sampler = Sampler(settings.look, target_photos(settings, parts[0]))
        self.held_out, self.test = (
            self._held_out(part, warn) if world.leads else [] for part in parts[1:]
        )
        torch.manual_seed(settings.seed)
        self.network = PaddedFlow(codebook.colour)
        perceptual = None
        if settings.perceptual:
            from proface.evaluation.perceptual import Lpips

            perceptual = Lpips("vgg")
        self.objective = Objective(self.network, settings, perceptual)

    def batches(self, step: int) -> Generator[Sequence[Sample], None, None]:
        """Crops drawn from a pool."""
        settings = self.settings
        return pooled(
            self._crops,
            each=EACH,
            size=settings.pool,
            fresh=settings.fresh,
            batch=settings.batch,
            seed=[settings.seed, self.world.rank],
            step=step,
            workers=settings.workers,
        )

    def _crops(self, group: int) -> Sequence[Sample]:
        """Crops of one image, made vivid now and then; its look drawn for itself."""
        crop, number = self.settings.crop, group * self.world.size + self.world.rank
        generator = np.random.default_rng([self.settings.seed, 4, number])
        image, _ = self.images.for_crops(number, crop, generator)
        if generator.random() < VIVID and min(image.shape[:2]) > 2 * crop:
            image = vivid(image, generator, crop / min(image.shape[:2]))
        height, width = (side // CELL * CELL for side in image.shape[:2])
        original = np.ascontiguousarray(image[:height, :width])
        apply, seed = self.sampler.draw(generator), int(generator.integers(1 << 62))
        whole, cells = protect(original, apply, self.codebook, seed), crop // CELL
        samples = []
        for _ in range(EACH):
            row, column = (int(generator.integers(n - cells + 1)) for n in whole.noise.shape[:2])
            place = slice(row, row + cells), slice(column, column + cells)
            area = tuple(slice(CELL * at, CELL * at + crop) for at in (row, column))
            samples.append(
                Sample(
                    whole.coefficients[place].astype(np.float16),
                    whole.noise[place],
                    whole.protected[area],
                    whole.original[area],
                )
            )
        return samples

    def _held_out(self, items: Sequence[Item], warn: Callable[[str], None]) -> list[Sample]:
        """At most `validation` whole images, evenly over the items; looks never change."""
        images = Images(items[:: -(-len(items) // self.settings.validation)], 0, warn)
        return [
            protect(
                images.whole(i, self.settings.size)[0],
                self.sampler.draw(np.random.default_rng([5, i])),
                self.codebook,
                i,
            )
            for i in range(len(images.items))
        ]

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Mean PSNR, dB, of whole recovered images, rounded to 8 bits, which is the score too."""
        return self._figures(network, self.held_out)

    def final(self, network: nn.Module) -> dict[str, float]:
        """The same on the test part, which no choice was made on."""
        return self._figures(network, self.test)

    def _figures(self, network: nn.Module, samples: Sequence[Sample]) -> dict[str, float]:
        shown = zip(samples, self._recovered(network, samples), strict=True)
        recovered = float(np.mean([psnr(image, sample.original) for sample, image in shown]))
        return {"recovered": recovered, "score": recovered}

    def _recovered(self, network: nn.Module, samples: Sequence[Sample]) -> Iterator[Pixels]:
        device = next(network.parameters()).device
        for sample in samples:
            coefficients, noise, protected, _ = (part.to(device) for part in collate([sample]))
            with torch.inference_mode():
                image = network(coefficients, noise, protected)[0].clamp(0, 255).round()
            yield np.asarray(image.permute(1, 2, 0).cpu().numpy(), np.uint8)

    def samples(self, network: nn.Module) -> Image.Image:
        """A row for each of some images held out."""
        chosen = self.held_out[:SHEET]
        rows = [
            [
                Cell(sample.original),
                Cell(sample.protected),
                Cell(image, f"{psnr(image, sample.original):.1f} dB", "to the original"),
            ]
            for sample, image in zip(chosen, self._recovered(network, chosen), strict=True)
        ]
        return contact_sheet(["original", "protected", "recovered"], rows)
