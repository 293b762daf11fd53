"""The losses: those of the publication (docs/TRAINING.md), and the project's pixel losses.

Images are b x 3 x H x W in [-1, 1]: x the original, o the obfuscated, p the protected, `back` the
recovered, `wrong` what a wrong key yields. Every function gives named terms, weighted already;
their sum is what training makes small.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import relu

from proface.flows import haar, inverse_haar

MARGIN = 1.2  # of the publication's triplets

WIDEST = 1.5  # levels of [-1, 1] beyond which a wrong recovery's error counts only once

Distance = Callable[[Tensor, Tensor], Tensor]  # two batches of images -> b distances
Terms = dict[str, Tensor]


def mean_absolute(a: Tensor, b: Tensor) -> Tensor:
    """L1 of each image."""
    return (a - b).abs().mean((1, 2, 3))


def triplet(
    anchor: Tensor, positive: Tensor, negative: Tensor, distance: Distance, margin: float = MARGIN
) -> Tensor:
    """Mean of how far the negative fails to be farther off than the positive by the margin."""
    return relu(distance(anchor, positive) - distance(anchor, negative) + margin).mean()


def paper_random(
    x: Tensor, o: Tensor, p: Tensor, back: Tensor, wrong: Tensor, perceptual: Distance
) -> Terms:
    """The publication's loss where a wrong key is to yield noise."""
    return {
        "protect_perceptual": 0.3 * 5 * perceptual(o, p).mean(),
        "protect_pixels": 0.3 * mean_absolute(o, p).mean(),
        "recover": 0.5 * mean_absolute(back, x).mean(),
        "wrong_perceptual": 0.2 * triplet(x, back, wrong, perceptual),
        "wrong_pixels": 0.2 * triplet(x, back, wrong, mean_absolute),
    }


def paper_obfuscated(
    x: Tensor, o: Tensor, p: Tensor, back: Tensor, wrong: Tensor, perceptual: Distance
) -> Terms:
    """The publication's loss where a wrong key is to yield just the look."""
    return {
        "protect_perceptual": 0.2 * 5 * perceptual(o, p).mean(),
        "protect_pixels": 0.2 * mean_absolute(o, p).mean(),
        "recover": 0.3 * mean_absolute(back, x).mean(),
        "wrong": 0.3 * mean_absolute(wrong, o).mean(),
        "recover_perceptual": 0.5 * triplet(back, x, o, perceptual),
        "wrong_perceptual": 0.5 * triplet(wrong, o, x, perceptual),
    }


def error(a: Tensor, b: Tensor) -> Tensor:
    """L1 and, four times, squared error, over all images."""
    return (a - b).abs().mean() + 4 * (a - b).square().mean()


def pixels(
    x: Tensor, o: Tensor, p: Tensor, back: Tensor, wrong: Tensor, wanted: Tensor, *, look: float
) -> Terms:
    """The project's pixel losses.

    Args:
        wanted: what a wrong key is to yield: the look, or noise.
        look: weight of the protected image's error. It grows in the course of a run: first the
            flow learns to carry the face, then to look right; all at once it stays where it is.
    """
    # What a wrong key yields may be anywhere at first: its squares would drown all else.
    near = wrong.clamp(-WIDEST, WIDEST)
    return {
        "protect": look * error(p, o),
        "recover": error(back, x),
        "wrong": (wrong - wanted).abs().mean() + 4 * (near - wanted).square().mean(),
    }


def noise_of(key: Tensor) -> Tensor:
    """The noise that an untrained flow recovers with a key: b x 1 x H x W -> b x 3 x H x W.

    As what a wrong key is to yield it shows nothing of the face. To be far from the original, as
    the publication's triplets ask, can be had by a bright spot beside a face that is seen.
    """
    return inverse_haar(haar(key).repeat(1, 3, 1, 1)).clamp(-1, 1)


def rounded(p: Tensor) -> Tensor:
    """As an 8-bit file holds it; the gradient passes as if nothing had happened."""
    stored = torch.round((p.clamp(-1, 1) + 1) * 127.5) / 127.5 - 1
    return p + (stored - p).detach()


def decibels(a: Tensor, b: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each image; levels 0..255, peak 255."""
    return 10 * torch.log10(255**2 / ((a - b).square().mean((1, 2, 3)) + 1e-3))
