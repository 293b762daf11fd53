"""Training of the padded flow: its codebook, then its repair network.

Both affect the encoding of the payload or the recovery only. Nothing trained touches the protected
image, so training cannot introduce a leak.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn

from proface.codec.cell_codec import CellDecoder, encode
from proface.codec.codebook import Codebook
from proface.codec.transform import CELL
from proface.embedding.lattice import Lattice
from proface.errors import ModelError, UsageError
from proface.research.evaluation.contact_sheet import Cell, contact_sheet
from proface.research.evaluation.metrics import psnr
from proface.research.networks.padded_flow import PaddedFlow
from proface.research.networks.precision import mixed_precision
from proface.research.training import losses
from proface.research.training.codebook_fit import fit_to
from proface.research.training.dataset_layouts import Item
from proface.research.training.distributed import World
from proface.research.training.flow_task import SHEET, FlowTask, lpips
from proface.research.training.images import some_vivid
from proface.research.training.look_sampler import Apply
from proface.research.training.losses import Terms
from proface.research.training.run_folder import write
from proface.research.training.settings import Settings
from proface.types import Pixels

CODEBOOK = "codebook.npz"
EACH = 8  # crops taken from one image
VIVID = 0.25  # of the images get colour augmentation


def codebook_of(
    settings: Settings, training: Sequence[Item], world: World, say: Callable[[str], None]
) -> Codebook:
    """The codebook given by the settings, or the run's own, fitted to the images at first.

    Raises:
        ModelError: the file is not a codebook.
        UsageError: it cannot be read.
    """
    path = settings.codebook or settings.out / CODEBOOK
    if settings.codebook is None and not path.exists() and world.is_main:
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
        raise ModelError(f"{path}: not a codebook of the padded flow, or damaged.") from None


class Sample(NamedTuple):
    """An image or a crop: the inputs of recovery, and the original."""

    coefficients: npt.NDArray[np.floating]  # rows x columns x 768
    noise: npt.NDArray[np.float32]  # rows x columns x 3
    protected: Pixels  # H x W x 3
    original: Pixels


def protect(original: Pixels, apply: Apply, codebook: Codebook, seed: int) -> Sample:
    """A sample of a whole image of any size."""
    capacity = Lattice().capacity(*original.shape[:2])
    words = encode(codebook, original, capacity)
    # The padded words are uniform whatever the words are, so random words stand in for them.
    padded = np.random.default_rng(seed).integers(0, 1 << 16, words.shape, np.uint16)
    everything = slice(None)
    coefficients, noise = CellDecoder(codebook, words, capacity).decode(everything, everything)
    return Sample(coefficients, noise, Lattice().embed(apply(original), padded), original)


def collate(samples: Sequence[Sample]) -> tuple[Tensor, ...]:
    """Coefficients, noise, protected, original, each b x channels x height x width."""
    return tuple(
        torch.from_numpy(np.stack(parts).astype(np.float32)).permute(0, 3, 1, 2)
        for parts in zip(*samples, strict=True)
    )


class Objective(nn.Module):
    """The loss of one step: the error of recovered crops.

    Args:
        flow: the decoder, whose repair network is trained.
        settings: of the run.
        perceptual: LPIPS, if the loss needs it.
    """

    def __init__(self, flow: PaddedFlow, settings: Settings, perceptual: nn.Module | None) -> None:
        super().__init__()
        self.flow, self.perceptual, self._settings = flow, perceptual, settings

    def forward(self, batch: Sequence[Sample], step: int, seed: int) -> Terms:
        """A batch -> the weighted loss terms. `seed` is unused: nothing here is random."""
        device = self.flow.colour.device
        coefficients, noise, protected, original = (part.to(device) for part in collate(batch))
        # Mixed precision in the network only: the transform around it needs float32.
        planes, noise, features = self.flow.prepare(coefficients, noise, protected)
        with mixed_precision(device, self._settings.precision):
            repair = self.flow.network(features)
        recovered = self.flow.finish(planes, noise, repair.float())
        error = None
        if self._settings.loss == "psnr":
            error = -losses.psnr(recovered, original).mean()
        return losses.recovery_terms(
            recovered, original, error, self.perceptual, self._settings.perceptual
        )


class PaddedTask(FlowTask[Sample]):
    """Trains the padded flow's repair network; see `FlowTask`.

    Args:
        settings, parts, world, warn: see `FlowTask`.
        codebook: of `codebook_of`.
    """

    network: PaddedFlow
    each = EACH

    def __init__(
        self,
        settings: Settings,
        parts: tuple[list[Item], list[Item], list[Item]],
        codebook: Codebook,
        world: World,
        warn: Callable[[str], None],
    ) -> None:
        self.codebook = codebook
        super().__init__(settings, parts, world, warn)

    def _build(self, settings: Settings) -> None:
        self.network = PaddedFlow(self.codebook.colour)
        self.objective = Objective(self.network, settings, lpips(needed=settings.perceptual > 0))

    def _crops(self, group: int) -> Sequence[Sample]:
        """Crops of one image, sometimes with colour augmentation, with its own random look."""
        crop, number = self.settings.crop, group * self.world.size + self.world.rank
        generator = np.random.default_rng([self.settings.seed, 4, number])
        image, _ = self.images.for_crops(number, crop, generator)
        image = some_vivid(image, generator, part=VIVID, above=2 * crop, least=crop)
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

    def held_out_sample(self, image: Pixels, item: Item, apply: Apply, number: int) -> Sample:
        """See `FlowTask`."""
        return protect(image, apply, self.codebook, number)

    def figures(self, network: nn.Module, samples: Sequence[Sample]) -> dict[str, float]:
        """PSNR of whole recovered images, which is the score too."""
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
        """A contact sheet of some validation images."""
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
