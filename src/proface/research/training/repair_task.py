"""Training of the robust flow's repair network, on faces as the face coder returns them.

The network repairs recovered pixels. Nothing trained touches the protected image, so training
cannot introduce a leak.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn

from proface.codec import face_coder
from proface.codec.face_repair import context
from proface.research.evaluation.contact_sheet import Cell, contact_sheet
from proface.research.evaluation.metrics import psnr
from proface.research.networks.face_repair import FaceRepairNetwork
from proface.research.networks.precision import mixed_precision
from proface.research.training.dataset_layouts import Item
from proface.research.training.flow_task import SHEET, FlowTask, lpips
from proface.research.training.look_sampler import Apply
from proface.research.training.losses import Terms, recovery_terms
from proface.research.training.settings import Settings
from proface.types import Pixels

EACH = 8  # crops taken from one image
LEAST_ERROR = 0.1  # in squared levels; for faces of a single colour
GRID = 16  # sides of regions are multiples of this
SMALLEST, LARGEST = 112, 512  # sides of whole faces
# Bytes for a pixel. Regions of 256 and 512 px have 0.024 in the detail and 0.002 in the base layer.
FEWEST_BYTES, MOST_BYTES = 0.0015, 0.06
HELD_OUT_BYTES = (0.0156, 0.025, 0.035, 0.042, 0.0025)  # of the validation images, in turn


class Sample(NamedTuple):
    """A face or a crop of it: what the face coder returns, its context, and the original."""

    decoded: Pixels  # H x W x 3
    context: npt.NDArray[np.float32]  # 1 x 2 x 1 x 1
    original: Pixels
    error: float  # mean square error of the whole decoded face


def coded(original: Pixels, density: float) -> Sample:
    """A sample of a whole face, coded in `density` bytes for a pixel."""
    height, width = original.shape[:2]
    length = max(face_coder.MIN_LENGTH, round(density * height * width))
    stream = face_coder.encode(original, length)
    decoded = face_coder.decode(stream, height, width)
    error = float(np.square(decoded.astype(np.float32) - original).mean())
    return Sample(decoded, context(stream, height, width), original, error)


def collate(samples: Sequence[Sample]) -> tuple[Tensor, ...]:
    """Decoded, context, original, each b x channels x height x width, and the error, b."""
    decoded, told, original, error = zip(*samples, strict=True)
    images = (
        torch.from_numpy(np.stack(part).astype(np.float32)).permute(0, 3, 1, 2)
        for part in (decoded, original)
    )
    first, last = images
    return first, torch.from_numpy(np.concatenate(told)), last, torch.tensor(error)


class Objective(nn.Module):
    """The loss of one step: the error of repaired crops.

    Args:
        network: to train.
        settings: of the run.
        perceptual: LPIPS, if the loss needs it.
    """

    def __init__(
        self, network: FaceRepairNetwork, settings: Settings, perceptual: nn.Module | None
    ) -> None:
        super().__init__()
        self.network, self.perceptual, self._settings = network, perceptual, settings

    def forward(self, batch: Sequence[Sample], step: int, seed: int) -> Terms:
        """A batch -> the weighted loss terms. `seed` is unused: nothing here is random."""
        device = next(self.network.parameters()).device
        decoded, told, original, error = (part.to(device) for part in collate(batch))
        with mixed_precision(device, self._settings.precision):
            repaired = self.network(decoded, told).float()
        relative = None
        if self._settings.loss == "psnr":
            # Relative to the whole face's error: the PSNR of crops would count smooth ones, whose
            # error is small, as much as hair, of which the face's PSNR consists.
            squares = (repaired - original).square().mean((1, 2, 3))
            relative = (squares / (error + LEAST_ERROR)).mean()
        return recovery_terms(
            repaired, original, relative, self.perceptual, self._settings.perceptual
        )


class RepairTask(FlowTask[Sample]):
    """Trains the robust flow's repair network; see `FlowTask`."""

    network: FaceRepairNetwork
    each = EACH

    def _build(self, settings: Settings) -> None:
        self.network = FaceRepairNetwork()
        perceptual = lpips(needed=settings.perceptual > 0)
        self.objective = Objective(self.network, settings, perceptual)

    def _crops(self, group: int) -> Sequence[Sample]:
        """Crops of one face, of random size and compression."""
        crop, number = self.settings.crop, group * self.world.size + self.world.rank
        generator = np.random.default_rng([self.settings.seed, 4, number])
        least = max(crop, SMALLEST)
        side, density = np.exp(
            generator.uniform(np.log([least, FEWEST_BYTES]), np.log([LARGEST, MOST_BYTES]))
        )
        image, _ = self.images.whole(number, max(least, round(side / GRID) * GRID))
        if generator.random() < 0.5:
            image = image[:, ::-1]
        whole = coded(np.ascontiguousarray(image), density)
        samples = []
        for _ in range(EACH):
            y, x = (4 * int(generator.integers((n - crop) // 4 + 1)) for n in image.shape[:2])
            area = slice(y, y + crop), slice(x, x + crop)
            samples.append(
                whole._replace(decoded=whole.decoded[area], original=whole.original[area])
            )
        return samples

    def held_out_sample(self, image: Pixels, item: Item, apply: Apply, number: int) -> Sample:
        """See `FlowTask`; there are no looks here."""
        return coded(image, HELD_OUT_BYTES[number % len(HELD_OUT_BYTES)])

    def figures(self, network: nn.Module, samples: Sequence[Sample]) -> dict[str, float]:
        """PSNR of whole faces, decoded and repaired; the latter is the score."""
        shown = zip(samples, self._repaired(network, samples), strict=True)
        pairs = [
            (psnr(sample.decoded, sample.original), psnr(image, sample.original))
            for sample, image in shown
        ]
        decoded, recovered = (float(value) for value in np.mean(pairs, axis=0))
        return {"decoded": decoded, "recovered": recovered, "score": recovered}

    def _repaired(self, network: nn.Module, samples: Sequence[Sample]) -> Iterator[Pixels]:
        device = next(network.parameters()).device
        for sample in samples:
            decoded, told, *_ = (part.to(device) for part in collate([sample]))
            with torch.inference_mode():
                image = network(decoded, told)[0].clamp(0, 255).round()
            yield np.asarray(image.permute(1, 2, 0).cpu().numpy(), np.uint8)

    def samples(self, network: nn.Module) -> Image.Image:
        """A contact sheet of some validation images."""
        chosen = self.held_out[:SHEET]
        rows = [
            [
                Cell(sample.original),
                Cell(sample.decoded, f"{psnr(sample.decoded, sample.original):.1f} dB", "decoded"),
                Cell(image, f"{psnr(image, sample.original):.1f} dB", "repaired"),
            ]
            for sample, image in zip(chosen, self._repaired(network, chosen), strict=True)
        ]
        return contact_sheet(["original", "decoded", "repaired"], rows)
