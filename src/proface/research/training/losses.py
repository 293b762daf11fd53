"""Losses: the published ones (docs/TRAINING.md), and the project's pixel losses.

Images are b x 3 x H x W in [-1, 1]: x the original, o the obfuscated, p the protected, `back` the
recovered, `wrong` recovered with a wrong key. Every function returns named, weighted terms; the
loss is their sum.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from proface.research.networks.haar import haar, inverse_haar

MARGIN = 1.2  # of the published triplet losses

CLIP = 1.5  # wrong-key recoveries are clipped to +-CLIP in the squared error

Distance = Callable[[Tensor, Tensor], Tensor]  # two batches of images -> b distances
Terms = dict[str, Tensor]


def mean_absolute(a: Tensor, b: Tensor) -> Tensor:
    """Mean absolute error (L1) of each image."""
    return (a - b).abs().mean((1, 2, 3))


def triplet(
    anchor: Tensor, positive: Tensor, negative: Tensor, distance: Distance, margin: float = MARGIN
) -> Tensor:
    """Triplet loss, mean over the batch."""
    return relu(distance(anchor, positive) - distance(anchor, negative) + margin).mean()


def paper_random(
    x: Tensor, o: Tensor, p: Tensor, back: Tensor, wrong: Tensor, perceptual: Distance
) -> Terms:
    """The published loss for random mode: a wrong key yields noise."""
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
    """The published loss for obfuscated mode: a wrong key yields the look."""
    return {
        "protect_perceptual": 0.2 * 5 * perceptual(o, p).mean(),
        "protect_pixels": 0.2 * mean_absolute(o, p).mean(),
        "recover": 0.3 * mean_absolute(back, x).mean(),
        "wrong": 0.3 * mean_absolute(wrong, o).mean(),
        "recover_perceptual": 0.5 * triplet(back, x, o, perceptual),
        "wrong_perceptual": 0.5 * triplet(wrong, o, x, perceptual),
    }


def l1_and_squared(a: Tensor, b: Tensor) -> Tensor:
    """Mean absolute error plus four times the mean squared error."""
    return (a - b).abs().mean() + 4 * (a - b).square().mean()


def pixel_losses(
    x: Tensor,
    o: Tensor,
    p: Tensor,
    back: Tensor,
    wrong: Tensor,
    wanted: Tensor,
    *,
    look: float,
    key: float,
) -> Terms:
    """The project's pixel losses.

    Args:
        wanted: the target of wrong-key recovery: the look, or noise.
        look: weight of the protected image's error. It grows in the course of a run, since with
            the full weight from the start the flow does not learn to carry the face.
        key: weight of wrong-key recovery's error.
    """
    # Wrong-key recoveries are unbounded at first; their squares would dominate the loss.
    near = wrong.clamp(-CLIP, CLIP)
    return {
        "protect": look * l1_and_squared(p, o),
        "recover": l1_and_squared(back, x),
        "wrong": key * ((wrong - wanted).abs().mean() + 4 * (near - wanted).square().mean()),
    }


def untrained_noise(key: Tensor) -> Tensor:
    """The noise that an untrained flow recovers with a key: b x 1 x H x W -> b x 3 x H x W.

    As the target of wrong-key recovery it shows nothing of the face. A mere distance from the
    original, as in the published triplets, is reached by a bright spot beside a visible face.
    """
    return inverse_haar(haar(key).repeat(1, 3, 1, 1)).clamp(-1, 1)


def round_to_8_bit(p: Tensor) -> Tensor:
    """Rounding to 8 bits with a straight-through gradient; images in [-1, 1]."""
    stored = torch.round((p.clamp(-1, 1) + 1) * 127.5) / 127.5 - 1
    return p + (stored - p).detach()


def recovery_terms(
    recovered: Tensor,
    original: Tensor,
    error: Tensor | None,
    perceptual: nn.Module | None,
    weight: float,
) -> Terms:
    """The loss terms of recovered images, levels 0..255.

    Args:
        recovered, original: b x 3 x H x W.
        error: that counts; None for L1.
        perceptual, weight: LPIPS, if that counts too.
    """
    terms = {"recover": (recovered - original).abs().mean() / 127.5 if error is None else error}
    if perceptual is not None:
        distance = perceptual(original / 127.5 - 1, recovered / 127.5 - 1)
        terms["perceptual"] = weight * distance.mean()
    return terms


def psnr(a: Tensor, b: Tensor) -> Tensor:
    """Differentiable PSNR of each image, dB; levels 0..255, peak 255, at most 78."""
    return 10 * torch.log10(255**2 / ((a - b).square().mean((1, 2, 3)) + 1e-3))
