"""The codebook: quantiser levels and scales of every coefficient, for each mode of a cell.

A mode is a class and a rate. The class describes the kind of cell (flat, an edge of some direction,
hair) by the standard deviations of its coefficients; the rate is its number of words. For each
pair the codebook has the number of levels of each coefficient, chosen in training at one slope of
distortion over rate, so that every bit goes where it reduces the error most.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from proface.codec.base import Floats, Integers, Words
from proface.codec.mixed_radix import place_digits
from proface.codec.transform import CELL, COEFFICIENTS
from proface.errors import ModelError

DC = slice(0, COEFFICIENTS, CELL * CELL)  # the lowest frequency of each rotated colour
# The nearest level is found by table lookup: for each radix a table of TABLE_STEPS entries per
# scale, from -TABLE_RANGE to TABLE_RANGE scales, with at most one decision threshold in each step.
TABLE_RANGE = 16
TABLE_STEPS = 512
CANDIDATES = 4  # likeliest classes, of which the distortion is computed


@dataclass(frozen=True)
class Codebook:
    """The tables that encoder and decoder share.

    K classes, R rates; mode = class * R + rate.

    Attributes:
        colour: 3 x 3 orthonormal rotation of RGB.
        rates: R, words of a cell, ascending.
        means: K x 3, the mean of each colour's lowest coefficient.
        scales: K x 768, the standard deviation of each coefficient.
        radices: possible numbers of levels of a coefficient (1 carries nothing), ascending.
        chosen: K x R x 768, index into `radices`.
        levels: for each radix its sorted levels, in units of the scale.
        loss: radices x 2, (a, b): squared error of a coefficient c of scale s, a s^2 + b c^2.
        noise: K x R x 3, expected RMS error in each rotated colour, in pixel levels.
    """

    colour: Floats
    rates: Integers
    means: Floats
    scales: Floats
    radices: Integers
    chosen: npt.NDArray[np.uint8]
    levels: tuple[Floats, ...]
    loss: Floats
    noise: Floats
    sizes: Integers = field(init=False, repr=False)  # words of each mode
    _word: npt.NDArray[np.int16] = field(init=False, repr=False)  # modes x 768
    _place: npt.NDArray[np.int32] = field(init=False, repr=False)
    _all_levels: Floats = field(init=False, repr=False)
    _first: Integers = field(init=False, repr=False)  # start of each radix in `_all_levels`
    _thresholds: Floats = field(init=False, repr=False)  # upper decision threshold of each level
    _tables: npt.NDArray[np.int16] = field(init=False, repr=False)  # radices x steps, level below
    _per_energy: Floats = field(init=False, repr=False)  # K x R x 768, see `loss`
    _per_scale: Floats = field(init=False, repr=False)  # K x R

    def __post_init__(self) -> None:
        classes = len(self.chosen)
        sizes = np.tile(self.rates, classes)
        word, place = place_digits(self._mode_radices, sizes, len(sizes))
        thresholds: list[Floats] = [
            np.append((v[1:] + v[:-1]) / 2, np.float32(np.inf)).astype(np.float32)
            for v in self.levels
        ]
        first = np.cumsum(self.radices) - self.radices
        a, b = self.loss[self.chosen].transpose(3, 0, 1, 2)  # K x R x 768 each
        derived = {
            "sizes": sizes,
            "_word": word.astype(np.int16),
            "_place": place.astype(np.int32),
            "_all_levels": np.concatenate(self.levels),
            "_first": first,
            "_thresholds": np.concatenate(thresholds),
            "_tables": np.stack([_lookup_table(v) for v in thresholds])
            + first[:, None].astype(np.int16),
            "_per_energy": np.ascontiguousarray(b),
            "_per_scale": np.einsum("krc,kc->kr", a, np.square(self.scales)),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    @property
    def reference_rate(self) -> int:
        """Index of the rate at which classes are compared: the middle one."""
        return len(self.rates) // 2

    @property
    def modes(self) -> int:
        """The number of modes."""
        return len(self.sizes)

    @property
    def _mode_radices(self) -> Integers:
        """The number of levels of every coefficient, modes x 768."""
        return self.radices[self.chosen.reshape(-1, COEFFICIENTS)]

    @cached_property
    def ranges(self) -> Integers:
        """Exclusive upper bound of each word, modes x (words of the highest rate); 1 if unused."""
        most = int(self.rates[-1])
        places = self._word + most * np.arange(self.modes)[:, None]
        product = np.ones(most * self.modes, np.int64)
        np.multiply.at(product, places, self._mode_radices)
        ranges = product.reshape(-1, most)
        ranges[:, 0] *= self.modes
        return ranges

    def normalise(self, coefficients: Floats, classes: Integers) -> Floats:
        """Coefficients n x 768 less the means of their classes (n), in units of their scales."""
        normalised = coefficients.copy()
        normalised[:, DC] -= self.means[classes]
        normalised /= self.scales[classes]
        return normalised

    def candidates(self, coefficients: Floats) -> Integers:
        """The likeliest classes of each cell under a Gaussian, n x CANDIDATES, unordered."""
        precision = 1 / np.square(self.scales)
        energy = np.square(coefficients)
        energy[:, DC] = 0
        cost = energy @ precision.T + 2 * np.log(self.scales).sum(1)
        offset = np.square(coefficients[:, None, DC] - self.means)  # n x K x 3
        cost += (offset * precision[:, DC]).sum(2)
        most = min(CANDIDATES, len(self.scales))
        return np.argpartition(cost, most - 1, axis=1)[:, :most]

    def classify(
        self, coefficients: Floats, candidates: Integers, rate: Integers | int
    ) -> tuple[Integers, Floats]:
        """The candidate of least squared error at the rate of each cell, n, and that error, n."""
        errors = np.stack(
            [self.distortion(coefficients, k * len(self.rates) + rate) for k in candidates.T]
        )
        best = errors.argmin(0)
        cells = np.arange(len(coefficients))
        return candidates[cells, best], errors[best, cells]

    def distortion(self, coefficients: Floats, modes: Integers) -> Floats:
        """Squared error of coefficients n x 768 in these modes, n."""
        error = self._reconstruct(self._nearest(coefficients, modes), modes) - coefficients
        return np.asarray(np.square(error).sum(1), np.float32)

    def estimate_distortions(self, coefficients: Floats, candidates: Integers) -> Floats:
        """Squared error of coefficients n x 768 at each rate, n x R.

        Computed at the reference rate, and extrapolated from there by the model `loss`.
        """
        classes, measured = self.classify(coefficients, candidates, self.reference_rate)
        energy = np.square(coefficients)
        energy[:, DC] = np.square(coefficients[:, DC] - self.means[classes])
        expected = np.empty((len(coefficients), len(self.rates)), np.float32)
        for k in np.unique(classes):
            members = classes == k
            expected[members] = energy[members] @ self._per_energy[k].T + self._per_scale[k]
        # A cell that fits its class badly has more error than the model predicts, at every rate.
        ratio = measured / np.maximum(expected[:, self.reference_rate], 1e-3)
        expected *= ratio.clip(0.5, 8)[:, None]
        return expected

    def quantise(self, coefficients: Floats, modes: Integers) -> Integers:
        """The nearest level of every coefficient, n x 768, for cells of these modes (n)."""
        return self._nearest(coefficients, modes) - self._lowest(modes)

    def dequantise(self, digits: Integers, modes: Integers) -> Floats:
        """Levels n x 768 -> the coefficients that they represent."""
        return self._reconstruct(self._lowest(modes) + digits, modes)

    def _radix(self, modes: Integers) -> npt.NDArray[np.uint8]:
        """Index into `radices` of every coefficient, n x 768."""
        return self.chosen.reshape(-1, COEFFICIENTS)[modes]

    def _lowest(self, modes: Integers) -> Integers:
        """Index into `_all_levels` of every coefficient's lowest level, n x 768."""
        return self._first[self._radix(modes)]

    def _nearest(self, coefficients: Floats, modes: Integers) -> Integers:
        """Index into `_all_levels` of the level nearest to each coefficient, n x 768."""
        normalised = self.normalise(coefficients, modes // len(self.rates))
        half = TABLE_RANGE * TABLE_STEPS
        step = np.floor((normalised * TABLE_STEPS).clip(-half, half - 1))
        step += half
        place = self._radix(modes) * np.int64(2 * half) + step.astype(np.int64)
        nearest: Integers = self._tables.ravel().take(place).astype(np.int64)
        nearest += normalised > self._thresholds.take(nearest)
        return nearest

    def _reconstruct(self, indices: Integers, modes: Integers) -> Floats:
        """Indices into `_all_levels`, n x 768 -> coefficients of cells of these modes."""
        classes = modes // len(self.rates)
        coefficients: Floats = self._all_levels.take(indices)
        coefficients *= self.scales[classes]
        coefficients[:, DC] += self.means[classes]
        return coefficients

    def pack(self, digits: Integers, modes: Integers) -> Words:
        """Digits n x 768 of cells of these modes -> n x (words of the highest rate)."""
        most = int(self.rates[-1])
        word = self._word[modes] + most * np.arange(len(digits))[:, None]
        values = np.bincount(
            word.ravel(), (digits * self._place[modes]).ravel(), most * len(digits)
        )
        words = values.reshape(-1, most)
        words[:, 0] += modes
        return words.astype(np.uint16)

    def unpack(self, words: Words, modes: Integers) -> Integers:
        """The inverse of `pack`. Any words are valid."""
        most = words.shape[1]
        word = self._word[modes] + most * np.arange(len(words))[:, None]
        # For operands below 2^16 the floor of a float32 quotient is exact, and fast.
        number: Floats = words.astype(np.float32).take(word)
        number /= np.maximum(self._place[modes], 1, dtype=np.float32)
        np.floor(number, out=number)
        radix = self.radices.astype(np.float32)[self._radix(modes)]
        number -= np.floor(number / radix) * radix  # 0 for radix 1, which carries nothing
        return number.astype(np.int64)

    def noise_of(self, modes: Integers) -> Floats:
        """The expected RMS error of cells of these modes, n x 3."""
        return self.noise[np.divmod(modes, len(self.rates))]

    def to_bytes(self) -> bytes:
        """The codebook as a compressed `.npz` archive of plain arrays."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            colour=self.colour,
            rates=self.rates.astype(np.uint16),
            means=self.means,
            scales=self.scales.astype(np.float16),
            radices=self.radices.astype(np.uint16),
            chosen=self.chosen,
            levels=np.concatenate(self.levels),
            loss=self.loss,
            noise=self.noise.astype(np.float16),
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
                radices = archive["radices"].astype(np.int64)
                return cls(
                    colour=archive["colour"],
                    rates=archive["rates"].astype(np.int64),
                    means=archive["means"],
                    scales=archive["scales"].astype(np.float32),
                    radices=radices,
                    chosen=archive["chosen"],
                    levels=tuple(np.split(archive["levels"], np.cumsum(radices)[:-1])),
                    loss=archive["loss"],
                    noise=archive["noise"].astype(np.float32),
                )
        except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise ModelError("The model's codebook cannot be read. Reinstall proface.") from error


def _lookup_table(thresholds: Floats) -> npt.NDArray[np.int16]:
    """The number of thresholds (the last is infinite) below the start of each table step."""
    finite = thresholds[:-1].astype(np.float64)
    inside = np.abs(finite).max(initial=0) < TABLE_RANGE - 1 / TABLE_STEPS
    if not inside or np.diff(finite).min(initial=1) <= 1 / TABLE_STEPS:
        raise ModelError(
            "The model's codebook has levels too close together or out of range. Reinstall proface."
        )
    steps = np.arange(-TABLE_RANGE * TABLE_STEPS, TABLE_RANGE * TABLE_STEPS) / TABLE_STEPS
    return np.searchsorted(finite, steps).astype(np.int16)
