"""The codebook: quantiser levels and scales of every coefficient, for each mode of a cell.

A mode is a class and a rate. The class describes the kind of cell (flat, an edge of some direction,
hair) by the standard deviations of its coefficients; the rate is its number of words. For each
pair the codebook has the number of levels of each coefficient, chosen in training at one slope of
distortion over rate, so that every bit goes where it reduces the error most.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from proface.codec.base import Floats, Integers, Words
from proface.codec.level_tables import LevelTables
from proface.codec.mixed_radix import place_digits
from proface.codec.transform import CELL, COEFFICIENTS
from proface.errors import ModelError

DC = slice(0, COEFFICIENTS, CELL * CELL)  # the lowest frequency of each rotated colour
CANDIDATES = 4  # likeliest classes, of which the distortion is computed
BLOCK = 128  # cells quantised at a time: their arrays stay in the processor's cache


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
    # Of every mode, modes x 768, as looking them up by radix takes longer than the arithmetic.
    _word: Integers = field(init=False, repr=False)
    _place: Floats = field(init=False, repr=False)  # 1 for radix 1
    _radix_of: Floats = field(init=False, repr=False)
    _lowest: npt.NDArray[np.int32] = field(init=False, repr=False)  # first of its `_all_levels`
    _all_levels: Floats = field(init=False, repr=False)
    _per_energy: Floats = field(init=False, repr=False)  # K x R x 768, see `loss`
    _per_scale: Floats = field(init=False, repr=False)  # K x R

    def __post_init__(self) -> None:
        classes = len(self.chosen)
        first = (np.cumsum(self.radices) - self.radices).astype(np.int32)
        sizes = np.tile(self.rates, classes)
        word, place = place_digits(self._mode_radices, sizes, len(sizes))
        a, b = self.loss[self.chosen].transpose(3, 0, 1, 2)  # K x R x 768 each
        derived = {
            "sizes": sizes,
            "_word": word,
            "_place": np.maximum(place, 1).astype(np.float32),
            "_radix_of": self._mode_radices.astype(np.float32),
            "_lowest": first.take(self.chosen.reshape(-1, COEFFICIENTS)),
            "_all_levels": np.concatenate(self.levels),
            "_per_energy": np.ascontiguousarray(b),
            "_per_scale": np.einsum("krc,kc->kr", a, self._squared_scales),
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
        return self.radices.take(self.chosen.reshape(-1, COEFFICIENTS))

    @cached_property
    def _tables(self) -> LevelTables:
        return LevelTables(self.levels)

    @cached_property
    def _squared_scales(self) -> Floats:
        return np.square(self.scales)

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
        most = min(CANDIDATES, len(self.scales))
        found = np.empty((len(coefficients), most), np.int64)
        precision = np.reciprocal(self._squared_scales)
        constant = 2 * np.log(self.scales).sum(1)
        for part in blocks(len(coefficients)):
            energy = np.square(coefficients[part])
            energy[:, DC] = 0
            offset = np.square(coefficients[part, None, DC] - self.means)  # n x K x 3
            cost = _product(energy, precision.T) + constant + (offset * precision[:, DC]).sum(2)
            found[part] = np.argpartition(cost, most - 1, axis=1)[:, :most]
        return found

    def classify(
        self, coefficients: Floats, candidates: Integers, rate: Integers | int
    ) -> tuple[Integers, Floats]:
        """The candidate of least squared error at the rate of each cell, n, and that error, n."""
        errors = np.empty(candidates.shape, np.float32)
        rates = np.broadcast_to(rate, len(coefficients))
        for part in blocks(len(coefficients)):
            for n, classes in enumerate(candidates[part].T):
                modes = classes * len(self.rates) + rates[part]
                errors[part, n] = self._distortion(coefficients[part], modes)
        best = errors.argmin(1)
        cells = np.arange(len(coefficients))
        return candidates[cells, best], errors[cells, best]

    def _distortion(self, coefficients: Floats, modes: Integers) -> Floats:
        """Squared error of coefficients n x 768 in these modes, n."""
        classes = modes // len(self.rates)
        errors = self._tables.errors(self.normalise(coefficients, classes), self._radix(modes))
        return np.asarray(np.einsum("nc,nc->n", errors, self._squared_scales[classes]))

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
            expected[members] = _product(energy[members], self._per_energy[k].T)
            expected[members] += self._per_scale[k]
        # A cell that fits its class badly has more error than the model predicts, at every rate.
        ratio = measured / np.maximum(expected[:, self.reference_rate], 1e-3)
        expected *= ratio.clip(0.5, 8)[:, None]
        return expected

    def quantise(self, coefficients: Floats, modes: Integers) -> Integers:
        """The nearest level of every coefficient, n x 768, for cells of these modes (n)."""
        levels = np.empty(coefficients.shape, np.int64)
        for part in blocks(len(coefficients)):
            normalised = self.normalise(coefficients[part], modes[part] // len(self.rates))
            levels[part] = self._tables.nearest(normalised, self._radix(modes[part]))
            levels[part] -= self._lowest[modes[part]]
        return levels

    def dequantise(self, digits: Integers, modes: Integers) -> Floats:
        """Levels n x 768 -> the coefficients that they represent."""
        classes = modes // len(self.rates)
        coefficients: Floats = self._all_levels.take(self._lowest[modes] + digits)
        coefficients *= self.scales[classes]
        coefficients[:, DC] += self.means[classes]
        return coefficients

    def _radix(self, modes: Integers) -> npt.NDArray[np.uint8]:
        """Index into `radices` of every coefficient, n x 768."""
        return self.chosen.reshape(-1, COEFFICIENTS)[modes]

    def pack(self, digits: Integers, modes: Integers) -> Words:
        """Digits n x 768 of cells of these modes -> n x (words of the highest rate)."""
        most = int(self.rates[-1])
        words = np.empty((len(digits), most), np.uint16)
        for part in blocks(len(digits)):
            weights = digits[part] * self._place[modes[part]]
            places = self._places(modes[part], most).ravel()
            values = np.bincount(places, weights.ravel(), most * len(weights)).reshape(-1, most)
            values[:, 0] += modes[part]
            words[part] = values
        return words

    def unpack(self, words: Words, modes: Integers) -> Integers:
        """The inverse of `pack`. Any words are valid."""
        # For operands below 2^16 the floor of a float32 quotient is exact, and fast.
        number: Floats = words.astype(np.float32).take(self._places(modes, words.shape[1]))
        number /= self._place[modes]
        np.floor(number, out=number)
        radix = self._radix_of[modes]
        whole = np.floor(number / radix)
        whole *= radix
        number -= whole  # 0 for radix 1, which carries nothing
        return number.astype(np.int64)

    def _places(self, modes: Integers, most: int) -> Integers:
        """Where the word of every coefficient is in an array n x `most`, n x 768."""
        places = self._word[modes]
        places += most * np.arange(len(modes))[:, None]
        return places

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


def blocks(count: int) -> Iterator[slice]:
    """Parts of so many cells that stay in the processor's cache."""
    return (slice(start, start + BLOCK) for start in range(0, count, BLOCK))


def _product(rows: Floats, matrix: Floats) -> Floats:
    """rows @ matrix, in products so small that a BLAS starts no threads, which would only wait."""
    few = 8
    whole = len(rows) // few * few
    stacks = rows[:whole].reshape(whole // few, few, rows.shape[1]) @ matrix
    return np.concatenate([stacks.reshape(whole, matrix.shape[1]), rows[whole:] @ matrix])
