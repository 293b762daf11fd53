"""Reads the base layer of a region in a picture that was scaled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from proface.embedding.dct_lattice import DctLattice
from proface.embedding.equaliser import MOST_RATIO, Equalisers, likelihoods, read_region
from proface.embedding.error_correction import Bits
from proface.embedding.finder.evidence import low_bands
from proface.embedding.layers import TRIES, Layer, Plan, decode_layer, first_intact
from proface.embedding.resample import SHARPNESS, enlarged_part
from proface.types import Place

# Of the code's rate: the likelihoods of profiles tell well how much information there is.
CALIBRATED = 0.98

Floats = npt.NDArray[np.float32]


def read_scaled(
    lattice: DctLattice,
    equalisers: Equalisers,
    luma: Floats,
    place: Place,
    shape: tuple[int, int],
    known: Sequence[Bits] = (),
) -> Layer:
    """The base layer of a region, `intact` if any way of reading it decodes.

    Args:
        lattice: reads it.
        equalisers: of the same model.
        luma: of the whole picture as it came.
        place: of the region, not larger than `shape`.
        shape: its height and width when it was protected.
        known: what its first bits may be, as `Code.decode` takes them: each is tried.
    """
    plan = lattice.plan("base", *shape)
    return first_intact(_readings(lattice, equalisers, luma, place, shape, known, plan))


def _readings(
    lattice: DctLattice,
    equalisers: Equalisers,
    luma: Floats,
    place: Place,
    shape: tuple[int, int],
    known: Sequence[Bits],
    plan: Plan,
) -> Iterator[Layer]:
    """The likeliest profiles that fit the scale, or else as the lattice's own tables have it."""
    priors: tuple[Bits | None, ...] = (*known, None)
    scale = place.w / shape[1]
    profiles = [
        profile
        for profile in equalisers.get(f"base{plan.table.merge}", ())
        if abs(np.log(profile.scale / scale)) < np.log(MOST_RATIO)
    ]
    if profiles:
        reading = read_region(luma, place, shape, plan.table)
        told = [(*likelihoods(reading, profile, plan.table), profile.name) for profile in profiles]
        for ratios, _, name in sorted(told, key=lambda one: -one[1])[:TRIES]:
            for prior in priors:
                yield decode_layer(ratios, plan, name, prior, hopeless=CALIBRATED)
        return
    for sharpness in SHARPNESS:
        bands = [low_bands(enlarged_part(luma, place, shape, sharpness))]
        for prior in priors:
            yield lattice.read_layer(bands, "base", *shape, prior)
