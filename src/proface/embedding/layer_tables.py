"""The measured tables of both layers: which coefficients carry a bit, how, and what is received.

They are a model's file. A *carrier* is one coefficient of every (merged) block; a *state* is one
change of one kind of cover, such as "jpeg75 pixelate".
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from proface.embedding.shaped_carriers import CARRIERS, SLACK
from proface.errors import ModelError

Floats = npt.NDArray[np.float32]
BINS = 24  # of a coefficient's place in the lattice's period of two steps
UNIT = 16.0  # of the stored integers, in one nat
MERGES = (1, 2, 3, 4, 6)  # blocks of 8 that one block of the base layer spans, each way
SMALL = 384  # pixels of a side: regions under its square take the denser detail table
SIDE_PER_MERGE = 256  # pixels of a region's side (geometric mean) for each of them


@dataclass(frozen=True, eq=False)
class LayerTable:
    """One layer's carriers, c of them, and states, s of them.

    Attributes:
        merge: blocks of 8 x 8 luma samples, each way, whose bands are transformed together.
        place: c x 5 integers: plane (0 luma, 1 and 2 chroma), band down and across, then
            frequency down and across in the merged band.
        step: c, the distance of neighbouring lattice points, in units of orthonormal coefficients.
        offset: c, where the lattice lies: 0, or 1/2 of a step.
        slack: c, how far from its lattice point a coefficient may stay, in steps.
        information: bits per carried bit that the worst state lets through, 0 to 1.
        states: their s names.
        ratio: c x s x BINS, ln P(0)/P(1) of a bit whose coefficient came in that place.
        density: c x s x BINS, ln of how often a coefficient comes in that place.
    """

    merge: int
    place: npt.NDArray[np.int64]
    step: Floats
    offset: Floats
    slack: Floats
    information: float
    states: tuple[str, ...]
    ratio: Floats
    density: Floats

    def merge_of(self, plane: int) -> int:
        """The merge in a plane's own blocks: chroma at half size needs half as many."""
        return self.merge if plane == 0 else max(1, self.merge // 2)


@dataclass(frozen=True, eq=False)
class ShapedTable(LayerTable):
    """A layer whose bits are not equally often 0 and 1.

    Attributes:
        ones: c, the share of ones of each carrier's size bits, 0 to 1/2.
    """

    ones: Floats


Tables = Mapping[str, LayerTable]


def parse_tables(data: bytes) -> Tables:
    """All tables by name: "detail1", "detail2", and "base1", "base2" ... by their merge.

    Args:
        data: an .npz file; for each table the fields of `LayerTable` as NAME/FIELD, `ratio` and
            `density` as integers in units of 1/16.

    Raises:
        ModelError: it is no such file.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            names = sorted({key.split("/")[0] for key in stored.files})
            return {name: _read(stored, name) for name in names}
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError("The robust model's tables are damaged. Reinstall proface.") from error


def parse_shaped_table(data: bytes) -> ShapedTable:
    """The table of the shaped detail layer, whose carriers are in `shaped_carriers`.

    Args:
        data: an .npz file: `states`, `ratio` and `density`, as in `parse_tables`. They are what is
            received: they matter to reading alone, and files do not depend on them.

    Raises:
        ModelError: it is no such file.
    """
    carriers = np.array(CARRIERS, np.float32)
    count = len(carriers)
    place = np.zeros((count, 5), np.int64)
    place[:, 1:3] = carriers[:, :2]
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            return ShapedTable(
                merge=1,
                place=place,
                step=carriers[:, 2],
                offset=np.zeros(count, np.float32),
                slack=np.full(count, SLACK, np.float32),
                information=1.0,
                states=tuple(str(state) for state in stored["states"]),
                ratio=stored["ratio"].astype(np.float32) / UNIT,
                density=stored["density"].astype(np.float32) / UNIT,
                ones=carriers[:, 3],
            )
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(
            "The robust model's shaped table is damaged. Reinstall proface."
        ) from error


def _read(stored: np.lib.npyio.NpzFile, name: str) -> LayerTable:
    step, offset, slack, ratio, density = (
        stored[f"{name}/{key}"].astype(np.float32)
        for key in ("step", "offset", "slack", "ratio", "density")
    )
    return LayerTable(
        merge=int(stored[f"{name}/merge"]),
        place=stored[f"{name}/place"].astype(np.int64),
        step=step,
        offset=offset,
        slack=slack,
        information=float(stored[f"{name}/information"]),
        states=tuple(str(state) for state in stored[f"{name}/states"]),
        ratio=ratio / UNIT,
        density=density / UNIT,
    )


def base_table(tables: Tables, height: int, width: int) -> LayerTable:
    """The base layer's table for a region of this size: about as many blocks at any size."""
    return tables[f"base{merges_of(np.array([height * width]))[0]}"]


def merges_of(areas: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """The merge of the base layer of regions of so many pixels, each 1 or more."""
    wanted = np.sqrt(areas) / SIDE_PER_MERGE
    merges = np.array(MERGES, np.uint8)
    nearest = np.argmin(np.abs(np.log(merges / wanted[:, None])), axis=1)
    return np.asarray(merges[nearest])


def detail_table(tables: Tables, height: int, width: int) -> LayerTable:
    """A plain detail layer's table: small regions spend more distortion on a pixel."""
    return tables["detail1" if height * width < SMALL**2 else "detail2"]
