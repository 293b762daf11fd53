"""Undoes, in the base layer of a scaled picture, what neighbouring blocks left in each other.

Scaling down and JPEG blur the edges of the base layer's blocks, so that a coefficient as read
holds parts of its neighbours, and lacks some of its own. A linear equaliser, fitted by least
squares on faces that were scaled and saved, estimates each coefficient from the block and its four
neighbours, read with two strengths of sharpening. Its errors were counted by how busy the
surroundings are: that gives the log-likelihood ratios.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from proface.embedding.block_transform import SIDE
from proface.embedding.carriers import carried_coefficients
from proface.embedding.finder.evidence import low_bands
from proface.embedding.layer_tables import LayerTable
from proface.embedding.resample import enlarged_part
from proface.errors import ModelError
from proface.types import Place

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]

BINS = 48  # of a coefficient's place in the lattice's period of two steps
UNIT = 16.0  # of the stored integers, in one nat
SHARPNESS = (0.0, 0.1)  # of the two readings
NEIGHBOURS = ((0, 1), (1, 0), (0, -1), (-1, 0))
SMOOTHING = 3.0  # pixels: what is finer counts as texture
MOST_RATIO = 1.2  # of a picture's scale to that of a profile that may fit


@dataclass(frozen=True)
class Profile:
    """The equaliser of one scaling: c carriers, f features.

    Attributes:
        name: as of a state: "x.508 jpeg75 lanczos".
        scale: 0 to 1.
        weights: f + 1 x c: what is added to each coefficient as read; the last row is constant.
        edges: bounds of the classes of texture.
        ratio: c x classes x BINS, ln P(0)/P(1) of a bit whose coefficient came in that place.
        density: c x classes x BINS, ln of how often a coefficient comes in that place.
    """

    name: str
    scale: float
    weights: Floats
    edges: Floats
    ratio: Floats
    density: Floats


Equalisers = Mapping[str, Sequence[Profile]]


def parse_equalisers(data: bytes) -> Equalisers:
    """The profiles of each base layer's table, by its name: "base1", "base2" ...

    Args:
        data: an .npz file; for each table the fields of `Profile`, stacked, as NAME/FIELD; `ratio`
            and `density` as integers in units of 1/16.

    Raises:
        ModelError: it is no such file.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            tables = sorted({key.split("/")[0] for key in stored.files})
            return {table: _profiles(stored, table) for table in tables}
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError("The robust model's equalisers are damaged. Reinstall proface.") from error


def _profiles(stored: np.lib.npyio.NpzFile, table: str) -> list[Profile]:
    names, *fields = (
        stored[f"{table}/{field}"]
        for field in ("name", "scale", "weights", "edges", "ratio", "density")
    )
    scale, weights, edges, ratio, density = (field.astype(np.float32) for field in fields)
    return [
        Profile(str(name), float(s), w, e, r / UNIT, d / UNIT)
        for name, s, w, e, r, d in zip(names, scale, weights, edges, ratio, density, strict=True)
    ]


@dataclass(frozen=True)
class Reading:
    """A region as read from a scaled picture.

    Attributes:
        values: c x rows x columns of blocks: coefficients, in steps of the lattice.
        features: f x rows x columns.
        texture: rows x columns.
    """

    values: Floats
    features: Floats
    texture: Floats


def read_region(luma: Floats, place: Place, shape: tuple[int, int], table: LayerTable) -> Reading:
    """Read a base layer. luma: of the whole picture; place: of the region; shape: when protected.

    The region must hold one block at least.
    """
    parts = [enlarged_part(luma, place, shape, sharpness) for sharpness in SHARPNESS]
    soft, sharp = (_coefficients(part, table) for part in parts)
    own = np.concatenate([soft, sharp - soft])
    around = np.pad(own, ((0, 0), (1, 1), (1, 1)), "edge")
    high, wide = own.shape[1:]
    beside = [around[:, 1 + y : 1 + y + high, 1 + x : 1 + x + wide] for y, x in NEIGHBOURS]
    texture = _texture(parts[0], table.merge * SIDE, (high, wide))
    return Reading(soft, np.concatenate([own, *beside]), texture)


def equalised(reading: Reading, profile: Profile) -> Floats:
    """Carriers x blocks: the coefficients as they were before the scaling, estimated."""
    features = reading.features.reshape(len(reading.features), -1)
    change = profile.weights[:-1].T @ features + profile.weights[-1][:, None]
    return np.asarray(reading.values.reshape(len(reading.values), -1) + change, np.float32)


def likelihoods(reading: Reading, profile: Profile, table: LayerTable) -> tuple[Floats, float]:
    """Each bit's ln P(0)/P(1), all blocks of one carrier, then the next's; and how well it fits.

    The fit is the mean log-likelihood, in nats of a carried bit.
    """
    at = bins(equalised(reading, profile), table)
    kind = np.digitize(reading.texture.ravel(), profile.edges)
    carrier = np.arange(len(at))[:, None]
    return profile.ratio[carrier, kind, at].ravel(), float(
        profile.density[carrier, kind, at].mean()
    )


def bins(values: Floats, table: LayerTable) -> Indices:
    """In which bin of the lattice's period coefficients, carriers x blocks in steps, lie."""
    turn = (values - table.offset[:, None] + 1 / BINS) % 2  # bins centred on points
    return np.minimum((turn * (BINS / 2)).astype(np.intp), BINS - 1)


def _coefficients(part: Floats, table: LayerTable) -> Floats:
    side = table.merge * SIDE
    blocks = part.shape[0] // side, part.shape[1] // side
    values = carried_coefficients([low_bands(part)], table)
    scaled = [value / step for value, step in zip(values, table.step, strict=True)]
    return np.asarray(scaled, np.float32).reshape(-1, *blocks)


def _texture(part: Floats, side: int, blocks: tuple[int, int]) -> Floats:
    """Of each block: the logarithm of how much fine detail its surroundings have, in levels."""
    fine = part - cv2.GaussianBlur(part, (0, 0), SMOOTHING)
    around = cv2.blur(fine * fine, (side, side))[side // 2 :: side, side // 2 :: side]
    # Running sums are not exact: a flat place may come out just below zero.
    power = np.maximum(around[: blocks[0], : blocks[1]], 0)
    return np.asarray(np.log2(np.sqrt(power) + 0.1), np.float32)
