"""The modes of a cell: for each, the levels of every coefficient and the scale they stand for.

A mode is a class and a rate. The class tells what kind of cell it is (flat, an edge of some
direction, hair) by the scales of its coefficients; the rate tells how many words it takes. For
both together the codebook says how many levels each coefficient has: one price of a bit for all,
so that every bit goes where it saves most.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from proface.errors import ModelError
from proface.latents.transform import CELL, COEFFICIENTS
from proface.latents.words import place_digits

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint16]

LOWEST = slice(0, COEFFICIENTS, CELL * CELL)  # the mean of each rotated colour
# The nearest level is looked up: each radix has a ruler with so many marks, from -REACH to REACH
# scales, and between two marks lies one bound of two levels at most.
REACH = 16
MARKS = 512  # to a scale
CANDIDATES = 4  # classes of which the true loss is measured


@dataclass(frozen=True)
class Codebook:
    """What the encoder and the decoder share besides the network.

    K classes, R rates; mode = class * R + rate.

    Attributes:
        colour: 3 x 3 orthonormal rotation of RGB.
        rates: R, words of a cell, ascending.
        means: K x 3, the mean of each colour's lowest coefficient.
        scales: K x 768, the standard deviation of each coefficient.
        radices: how many levels a coefficient can have (1 carries nothing), ascending.
        chosen: K x R x 768, index into `radices`.
        levels: for each radix its sorted levels, in units of the scale.
        loss: radices x 2, (a, b): a coefficient c of scale s loses about a s^2 + b c^2.
        noise: K x R x 3, the RMS error to expect in each rotated colour, in pixel levels.
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
    _first: Integers = field(init=False, repr=False)  # of each radix in these
    _bounds: Floats = field(init=False, repr=False)  # of these, each above its level
    _rulers: npt.NDArray[np.int16] = field(init=False, repr=False)  # radices x marks, level below
    _per_energy: Floats = field(init=False, repr=False)  # K x R x 768, see `loss`
    _per_scale: Floats = field(init=False, repr=False)  # K x R

    def __post_init__(self) -> None:
        classes = len(self.chosen)
        sizes = np.tile(self.rates, classes)
        radices = self.radices[self.chosen.reshape(-1, COEFFICIENTS)]
        word, place = place_digits(radices, sizes, len(sizes))
        bounds: list[Floats] = [
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
            "_bounds": np.concatenate(bounds),
            "_rulers": np.stack([_ruler(v) for v in bounds]) + first[:, None].astype(np.int16),
            "_per_energy": np.ascontiguousarray(b),
            "_per_scale": np.einsum("krc,kc->kr", a, np.square(self.scales)),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    @property
    def typical(self) -> int:
        """Index of the rate at which classes are compared: the middle one."""
        return len(self.rates) // 2

    @property
    def modes(self) -> int:
        """How many modes there are."""
        return len(self.sizes)

    @cached_property
    def ranges(self) -> Integers:
        """Modes x (words of the highest rate): a word's value is below this, 1 beyond the cell."""
        most = int(self.rates[-1])
        places = self._word + most * np.arange(self.modes)[:, None]
        radices = self.radices[self.chosen.reshape(-1, COEFFICIENTS)]
        product = np.ones(most * self.modes, np.int64)
        np.multiply.at(product, places, radices)
        ranges = product.reshape(-1, most)
        ranges[:, 0] *= self.modes
        return ranges

    def centred(self, coefficients: Floats, classes: Integers) -> Floats:
        """Coefficients n x 768 less the means of their classes (n), in units of their scales."""
        centred = coefficients.copy()
        centred[:, LOWEST] -= self.means[classes]
        centred /= self.scales[classes]
        return centred

    def candidates(self, coefficients: Floats) -> Integers:
        """The likeliest classes of each cell under a Gaussian, n x CANDIDATES, in no order."""
        precision = 1 / np.square(self.scales)
        energy = np.square(coefficients)
        energy[:, LOWEST] = 0
        cost = energy @ precision.T + 2 * np.log(self.scales).sum(1)
        offset = np.square(coefficients[:, None, LOWEST] - self.means)  # n x K x 3
        cost += (offset * precision[:, LOWEST]).sum(2)
        most = min(CANDIDATES, len(self.scales))
        return np.argpartition(cost, most - 1, axis=1)[:, :most]

    def classify(
        self, coefficients: Floats, candidates: Integers, rate: Integers | int
    ) -> tuple[Integers, Floats]:
        """Which candidate loses least at the rate of each cell, n, and its squared error, n."""
        losses = np.stack(
            [self.loss_of(coefficients, k * len(self.rates) + rate) for k in candidates.T]
        )
        best = losses.argmin(0)
        cells = np.arange(len(coefficients))
        return candidates[cells, best], losses[best, cells]

    def loss_of(self, coefficients: Floats, modes: Integers) -> Floats:
        """Squared error of coefficients n x 768 in these modes, n."""
        error = self._restored(self._nearest(coefficients, modes), modes) - coefficients
        return np.asarray(np.square(error).sum(1), np.float32)

    def losses(self, coefficients: Floats, candidates: Integers) -> Floats:
        """What coefficients n x 768 would lose at each rate, n x R.

        Measured at the typical rate, and from there by the model `loss`.
        """
        classes, measured = self.classify(coefficients, candidates, self.typical)
        energy = np.square(coefficients)
        energy[:, LOWEST] = np.square(coefficients[:, LOWEST] - self.means[classes])
        expected = np.empty((len(coefficients), len(self.rates)), np.float32)
        for k in np.unique(classes):
            members = classes == k
            expected[members] = energy[members] @ self._per_energy[k].T + self._per_scale[k]
        # A cell that its class does not fit loses more than the model thinks, at every rate.
        ratio = measured / np.maximum(expected[:, self.typical], 1e-3)
        expected *= ratio.clip(0.5, 8)[:, None]
        return expected

    def quantise(self, coefficients: Floats, modes: Integers) -> Integers:
        """The nearest level of every coefficient, n x 768, for cells of these modes (n)."""
        return self._nearest(coefficients, modes) - self._lowest(modes)

    def dequantise(self, digits: Integers, modes: Integers) -> Floats:
        """The inverse of `quantise`, as far as there is one."""
        return self._restored(self._lowest(modes) + digits, modes)

    def _radix(self, modes: Integers) -> npt.NDArray[np.uint8]:
        """Index into `radices` of every coefficient, n x 768."""
        return self.chosen.reshape(-1, COEFFICIENTS)[modes]

    def _lowest(self, modes: Integers) -> Integers:
        """Where the levels of every coefficient begin among those of all radices, n x 768."""
        return self._first[self._radix(modes)]

    def _nearest(self, coefficients: Floats, modes: Integers) -> Integers:
        """Which of all radices' levels is the nearest of each coefficient's own, n x 768."""
        centred = self.centred(coefficients, modes // len(self.rates))
        mark = np.floor((centred * MARKS).clip(-REACH * MARKS, REACH * MARKS - 1))
        mark += REACH * MARKS
        place = self._radix(modes) * np.int64(2 * REACH * MARKS) + mark.astype(np.int64)
        below: Integers = self._rulers.ravel().take(place).astype(np.int64)
        below += centred > self._bounds.take(below)
        return below

    def _restored(self, places: Integers, modes: Integers) -> Floats:
        """What those of all radices' levels stand for in cells of these modes, n x 768."""
        classes = modes // len(self.rates)
        coefficients: Floats = self._all_levels.take(places)
        coefficients *= self.scales[classes]
        coefficients[:, LOWEST] += self.means[classes]
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
        """The inverse of `pack`. Any words have digits."""
        most = words.shape[1]
        word = self._word[modes] + most * np.arange(len(words))[:, None]
        # Below 2^16 float32 divides exactly enough for the whole part, and fast.
        number: Floats = words.astype(np.float32).take(word)
        number /= np.maximum(self._place[modes], 1, dtype=np.float32)
        np.floor(number, out=number)
        radix = self.radices.astype(np.float32)[self._radix(modes)]
        number -= np.floor(number / radix) * radix  # 0 for radix 1, which carries nothing
        return number.astype(np.int64)

    def noise_of(self, modes: Integers) -> Floats:
        """The RMS error to expect of cells of these modes, n x 3."""
        return self.noise[np.divmod(modes, len(self.rates))]

    def to_bytes(self) -> bytes:
        """As a compressed `.npz` archive of plain arrays."""
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


def _ruler(bounds: Floats) -> npt.NDArray[np.int16]:
    """How many of these bounds, of which the last is infinite, lie below each mark."""
    finite = bounds[:-1].astype(np.float64)
    inside = np.abs(finite).max(initial=0) < REACH - 1 / MARKS
    if not inside or np.diff(finite).min(initial=1) <= 1 / MARKS:
        raise ModelError("The model's codebook has levels too fine or too far. Reinstall proface.")
    marks = np.arange(-REACH * MARKS, REACH * MARKS) / MARKS
    return np.searchsorted(finite, marks).astype(np.int16)
