"""The modes of a cell: for each, the levels of every coefficient and the scale they stand for.

A cell has the same 1,216 bits wherever it lies, so a flat cheek and an eyelash cost the same. What
differs is how they spend them: a mode is a spending plan, fitted to cells of one kind (flat, an
edge of some direction, hair). The encoder takes the mode that loses least, and says which in the
cell's first word.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from proface.errors import ModelError
from proface.latents.transform import CELL, COEFFICIENTS
from proface.latents.words import WORDS, place_digits

Floats = npt.NDArray[np.float32]
Words = npt.NDArray[np.uint16]

# The likelihood picks a short list of modes; among these the true loss decides.
SHORT_LIST = 6


@dataclass(frozen=True)
class Plan:
    """One mode, prepared: its coefficients sorted by the word that holds their digit."""

    used: npt.NDArray[np.int64]  # coefficients that carry a digit, ordered by word
    word: npt.NDArray[np.int64]  # of each of these
    place: npt.NDArray[np.int64]
    radix: npt.NDArray[np.int64]
    groups: tuple[tuple[int, npt.NDArray[np.int64]], ...]  # radix -> positions in `used`


@dataclass(frozen=True)
class Codebook:
    """What the encoder and the decoder share besides the network.

    Attributes:
        colour: 3 x 3 orthonormal rotation of RGB.
        means: modes x 3, the mean of each colour's lowest coefficient.
        scales: modes x 768, the standard deviation of each coefficient.
        radices: modes x 768, how many levels each coefficient has (odd; 1 carries nothing).
        levels: radix -> its sorted levels, in units of the scale.
        noise: modes x 3, the RMS error to expect in each rotated colour, in pixel levels.
    """

    colour: Floats
    means: Floats
    scales: Floats
    radices: npt.NDArray[np.int64]
    levels: dict[int, Floats]
    noise: Floats
    plans: tuple[Plan, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "plans", tuple(self._plan(row) for row in self.radices))

    @property
    def modes(self) -> int:
        """How many spending plans there are."""
        return len(self.radices)

    def _plan(self, radices: npt.NDArray[np.int64]) -> Plan:
        word, place = place_digits(radices, self.modes)
        used = np.argsort(word, kind="stable")[np.count_nonzero(word < 0) :]
        radix = radices[used]
        groups = tuple((int(r), np.flatnonzero(radix == r)) for r in np.unique(radix))
        return Plan(used, word[used], place[used], radix, groups)

    def centred(self, coefficients: Floats, mode: int) -> Floats:
        """Coefficients n x 768 less the mode's means, in units of its scales."""
        centred = coefficients.copy()
        centred[:, :: CELL * CELL] -= self.means[mode]
        centred /= self.scales[mode]
        return centred

    def _quantise(self, coefficients: Floats, mode: int) -> tuple[npt.NDArray[np.int64], Floats]:
        """Digits n x used, and the loss of each cell (squared error over its coefficients)."""
        plan, centred = self.plans[mode], self.centred(coefficients, mode)
        kept = centred[:, plan.used]
        digits = np.empty(kept.shape, np.int64)
        error = kept.copy()
        for radix, columns in plan.groups:
            levels = self.levels[radix]
            bounds = (levels[1:] + levels[:-1]) / 2
            nearest = np.searchsorted(bounds, kept[:, columns])
            digits[:, columns] = nearest
            error[:, columns] -= levels[nearest]
        centred[:, plan.used] = error  # what is not carried is lost whole
        loss = np.square(centred * self.scales[mode]).sum(1)
        return digits, np.asarray(loss, np.float32)

    def likely_modes(self, coefficients: Floats, count: int) -> npt.NDArray[np.int64]:
        """The `count` most likely modes of each cell under a Gaussian: n x count, any order."""
        precision = 1 / np.square(self.scales)
        energy = np.square(coefficients)
        lowest = slice(0, COEFFICIENTS, CELL * CELL)
        energy[:, lowest] = 0
        cost = energy @ precision.T + 2 * np.log(self.scales).sum(1)
        offset = coefficients[:, None, lowest] - self.means  # n x modes x 3
        cost += (np.square(offset) * precision[:, lowest]).sum(2)
        count = min(count, self.modes)
        return np.argpartition(cost, count - 1, axis=1)[:, :count]

    def encode(self, coefficients: Floats) -> Words:
        """Coefficients n x 768 -> words n x 76, uint16: mode and levels of every cell."""
        cells = len(coefficients)
        best = np.full(cells, np.inf, np.float32)
        words = np.zeros((cells, WORDS), np.uint16)
        likely = self.likely_modes(coefficients, SHORT_LIST)
        for mode in np.unique(likely):
            members = np.flatnonzero((likely == mode).any(1))
            digits, loss = self._quantise(coefficients[members], int(mode))
            better = loss < best[members]
            members = members[better]
            best[members] = loss[better]
            words[members] = self._pack(digits[better], int(mode))
        return words

    def _pack(self, digits: npt.NDArray[np.int64], mode: int) -> Words:
        plan = self.plans[mode]
        words = np.zeros((len(digits), WORDS), np.int64)
        words[:, 0] = mode
        first = np.flatnonzero(np.diff(plan.word, prepend=-1))
        words[:, plan.word[first]] += np.add.reduceat(digits * plan.place, first, axis=1)
        return words.astype(np.uint16)

    def decode(
        self, words: Words, carried: npt.NDArray[np.int64] | None = None
    ) -> tuple[Floats, Floats]:
        """Words n x 76 -> coefficients n x 768 and expected noise n x 3. Any words decode.

        `carried` tells for each cell how many words to read (all, if None): the coefficients of
        the others stay at their means, as in a region too small to carry them.
        """
        modes = words[:, 0].astype(np.int64) % self.modes
        coefficients = np.zeros((len(words), COEFFICIENTS), np.float32)
        for mode in np.unique(modes):
            members = np.flatnonzero(modes == mode)
            plan = self.plans[mode]
            known = words[members].astype(np.int64)[:, plan.word]
            digits = known // plan.place % plan.radix
            values = np.zeros(digits.shape, np.float32)
            for radix, columns in plan.groups:
                values[:, columns] = self.levels[radix][digits[:, columns]]
            if carried is not None:
                values[plan.word >= carried[members, None]] = 0
            cells = np.zeros((len(members), COEFFICIENTS), np.float32)
            cells[:, plan.used] = values * self.scales[mode][plan.used]
            cells[:, :: CELL * CELL] += self.means[mode]
            coefficients[members] = cells
        return coefficients, self.noise[modes]

    def to_bytes(self) -> bytes:
        """As a compressed `.npz` archive of plain arrays."""
        radices = sorted(self.levels)
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            colour=self.colour,
            means=self.means,
            scales=self.scales.astype(np.float16),
            radices=self.radices.astype(np.uint16),
            level_radices=np.array(radices, np.uint16),
            levels=np.concatenate([self.levels[r] for r in radices]),
            noise=self.noise,
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Codebook:
        """Read what `to_bytes` wrote.

        Raises:
            ModelError: not such an archive.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as archive:
                sizes = archive["level_radices"].astype(np.int64)
                parts = np.split(archive["levels"], np.cumsum(sizes)[:-1])
                return cls(
                    colour=archive["colour"],
                    means=archive["means"],
                    scales=archive["scales"].astype(np.float32),
                    radices=archive["radices"].astype(np.int64),
                    levels={int(r): part for r, part in zip(sizes, parts, strict=True)},
                    noise=archive["noise"],
                )
        except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
            raise ModelError("The model's codebook cannot be read. Reinstall proface.") from error
