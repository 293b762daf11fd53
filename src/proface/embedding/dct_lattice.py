"""Hides uniform words in a cover so that they outlive JPEG and, the base layer, scaling.

Quantisation index modulation: each carried bit moves one DCT coefficient near to the closest
lattice point of that bit's parity. An LDPC code protects the bits of a layer. The *detail* layer
is in JPEG's own 8 x 8 blocks; the *base* layer in merged bands that the detail layer leaves alone,
whose blocks grow with the region. The protected picture depends on cover and words alone.

The detail layer is *shaped* (`shaped_layer`). In files from before there was such a layer it is
*plain*: those are still read.

    cover -- planes -- bands --(lattice: base, detail)-- bands' -- + change --> protected
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator

import numpy as np

from proface.embedding.base import Change, Integers, Words
from proface.embedding.block_transform import (
    GRID,
    Floats,
    change_picture,
    from_bands,
    to_bands,
    to_planes,
)
from proface.embedding.carriers import (
    NO_POINT,
    carried_bits,
    carried_coefficients,
    move_carriers,
)
from proface.embedding.cover import (
    MARGINS,
    SOFTNESSES,
    after_trials,
    with_margin,
    without_texture,
)
from proface.embedding.error_correction import (
    Bits,
    code_size,
    interleave,
    make_code,
)
from proface.embedding.layer_tables import (
    LayerTable,
    ShapedTable,
    Tables,
    base_table,
    detail_table,
)
from proface.embedding.layers import Layer, Plan, read_layer, to_bits
from proface.embedding.shaped_layer import (
    ShapedPlan,
    make_shaped_plan,
    move_to_words,
    read_shaped,
    shaped_size,
)
from proface.types import Pixels

LEAST_SIDE = 64  # of a region that carries anything, in pixels
GAP = 0.08  # bits between information and code rate: the code needs 0.035, unlike covers the rest
SPREAD = 2.2  # and, over the root of the length, what short codes need
LEAST_ONES = 0.15  # of a word's bits; half of them are sent as ones
CREDIBLE = 3.5  # standard deviations of parity checks from chance, from which on to decode
MOST_ERRORS = 0.08  # of bits in a trial: with more, the finder would be in doubt


class DctLattice:
    """QIM on DCT coefficients with an LDPC code; see `base.Embedding`. Its units are two layers.

    A picture whose sides are no multiples of 16 carries nothing in its last rows and columns, which
    keep the cover.

    Attributes:
        tables: the measured lattices, from `parse_tables`.
        shaped: that of shaped layers, from `parse_shaped_table`.
    """

    survives = frozenset(Change)

    def __init__(self, tables: Tables, shaped: ShapedTable) -> None:
        self.tables = tables
        self.shaped = shaped
        # The finder asks for thousands of sizes.
        self._size = functools.lru_cache(maxsize=4096)(self._count_bits)
        self.plan = functools.lru_cache(maxsize=96)(self._make_plan)

    def capacity(self, height: int, width: int) -> Integers:
        """Words of the base and of the detail layer; 0 if a side is under 64 px."""
        return np.array([self.count(layer, height, width) for layer in ("base", "shaped")])

    def count(self, layer: str, height: int, width: int) -> int:
        """Words of the layer "base", "shaped" or "plain"; 0 if a side is under 64 px."""
        height, width = height // GRID * GRID, width // GRID * GRID
        if min(height, width) < LEAST_SIDE:
            return 0
        return self._size(layer, height, width) // 16

    def embed(self, cover: Pixels, words: Words) -> Pixels:
        """Cover H x W x 3 and words 2 x n, n the larger capacity or more -> protected H x W x 3.

        The cover's levels are first drawn away from 0 and 255, where the change would be clipped:
        by the least of `MARGINS` with which the words survive all trials with few errors; if none
        does, by the least with which they survive. Where the words would be lost in the cover's
        texture, it is softened by the least of `SOFTNESSES` with which they survive.
        """
        capacity = self.capacity(*cover.shape[:2])
        if not capacity.any():
            return cover.copy()
        readable: Pixels | None = None  # with the least margin of those that can be read at all
        for margin in MARGINS:
            protected = self._embed(with_margin(cover, margin), words, capacity)
            most = self._most_errors(protected)
            if most < MOST_ERRORS:
                return protected
            if readable is None and most < 1:
                readable = protected
        if readable is not None:
            # Errors of a textured cover, that no margin helps, are no reason for the widest one.
            return readable
        for sigma, margin in itertools.product(SOFTNESSES, (MARGINS[0], MARGINS[-2])):
            soft = with_margin(without_texture(cover, sigma), margin)
            protected = self._embed(soft, words, capacity)
            if self._most_errors(protected) < 1:
                break
        return protected

    def _most_errors(self, protected: Pixels) -> float:
        """The largest share of wrong bits in a layer after any of the trials; 1: it is lost."""
        most, inner = 0.0, _inner(protected)
        height, width = inner.shape[:2]
        for picture in after_trials(inner):
            bands = [to_bands(plane) for plane in to_planes(picture)]
            detail = read_shaped(bands, self._shaped_plan(height, width), is_trial=True)
            for layer in (self.read_layer(bands, "base", height, width), detail):
                if not layer.intact:
                    return 1.0
                most = max(most, layer.error_rate)
        return most

    def _embed(self, protected: Pixels, words: Words, capacity: Integers) -> Pixels:
        """Embed in a cover, in place."""
        inner = _inner(protected)
        height, width = inner.shape[:2]
        bands = [to_bands(plane) for plane in to_planes(inner)]
        changes = [np.zeros_like(band) for band in bands]
        base, detail = (own[:count] for own, count in zip(words, capacity, strict=True))
        plan, places = self.plan("base", height, width), self.carried(height, width, base)
        move_carriers(bands, changes, plan.table, plan.counts, places, np.float32(2))
        move_to_words(bands, changes, self._shaped_plan(height, width), detail)
        inner[:] = change_picture(inner, [from_bands(change) for change in changes])
        return protected

    def carried(self, height: int, width: int, words: Words) -> Bits:
        """The bit, 0 or 1, of each place of a base layer that holds these words, or `NO_POINT`."""
        plan = self.plan("base", height, width)
        places = np.full(int(plan.counts.sum()), NO_POINT, np.uint8)
        places[plan.order] = plan.code.encode(to_bits(words, plan.code.size))
        return places

    def extract(self, protected: Pixels) -> Words:
        """Protected H x W x 3 -> its words, 2 x the larger capacity; see `read`."""
        layers = self.read(protected)
        words = np.zeros((2, max(len(layer.words) for layer in layers)), np.uint16)
        for row, layer in zip(words, layers, strict=True):
            row[: len(layer.words)] = layer.words
        return words

    def read(self, protected: Pixels) -> tuple[Layer, Layer]:
        """The base and the detail layer of a protected region, at the size it was protected at."""
        inner = _inner(protected)
        if not self.capacity(*inner.shape[:2]).any():
            nothing = Layer(np.zeros(0, np.uint16), False, 0.5, "too small")
            return nothing, nothing
        bands, shape = [to_bands(plane) for plane in to_planes(inner)], inner.shape[:2]
        base = self.read_layer(bands, "base", *shape)
        shaped = self.read_layer(bands, "shaped", *shape)
        if shaped.intact or self.parity_deviation(bands, "plain", *shape) < CREDIBLE:
            return base, shaped
        plain = self.read_layer(bands, "plain", *shape)
        return base, plain if plain.intact else shaped

    def credible_layers(
        self, bands: list[Floats], layer: str, height: int, width: int
    ) -> Iterator[Layer]:
        """The layer "base" or, "detail", all kinds of it whose checks hold better than by chance.

        Luma is enough.
        """
        for kind in ("base",) if layer == "base" else ("shaped", "plain"):
            if self.parity_deviation(bands, kind, height, width) > CREDIBLE:
                yield self.read_layer(bands, kind, height, width)

    def read_layer(
        self, bands: list[Floats], layer: str, height: int, width: int, known: Bits | None = None
    ) -> Layer:
        """One layer of a region from the bands of its planes; luma is enough.

        layer: as for `count`.
        known: first bits of a base layer, as `Code.decode` takes them.
        """
        plan = self.plan(layer, height, width)
        return (
            read_shaped(bands, plan)
            if isinstance(plan, ShapedPlan)
            else read_layer(bands, plan, known)
        )

    def parity_deviation(self, bands: list[Floats], layer: str, height: int, width: int) -> float:
        """How well parity checks hold before any correction, in standard deviations from chance.

        Each check counts with its sign, and as much as its least certain bit.
        """
        if not self.count(layer, height, width):
            return 0.0
        table = self.plan(layer, height, width).table
        soft = [
            np.cos(np.pi * (values / table.step[c] - table.offset[c]))
            for c, values in enumerate(carried_coefficients(bands, table))
        ]
        return self.agreement(np.concatenate(soft).astype(np.float32), layer, height, width)

    def agreement(self, soft: Floats, layer: str, height: int, width: int) -> float:
        """As `parity_deviation`, of soft bits, from -1 to 1: all blocks of one carrier, the next's.

        The bit of a coefficient v is cos(pi (v / step - offset)).
        """
        if np.mean(soft < 0) < LEAST_ONES:
            return 0.0  # a smooth surface: all bits are 0, and all checks hold
        plan = self.plan(layer, height, width)
        return plan.code.agreement(soft.ravel()[plan.order])

    def _table(self, layer: str, height: int, width: int) -> LayerTable:
        choose = detail_table if layer == "plain" else base_table
        return choose(self.tables, height, width)

    def _count_bits(self, layer: str, height: int, width: int) -> int:
        """Information bits of a layer."""
        if layer == "shaped":
            return shaped_size(self.shaped, height, width)
        table = self._table(layer, height, width)
        length = int(carried_bits(table, height, width).sum())
        return code_size(length, _rate(table, length))

    def _shaped_plan(self, height: int, width: int) -> ShapedPlan:
        plan = self.plan("shaped", height, width)
        assert isinstance(plan, ShapedPlan)
        return plan

    def _make_plan(self, layer: str, height: int, width: int) -> Plan:
        if layer == "shaped":
            return make_shaped_plan(self.shaped, height, width)
        table = self._table(layer, height, width)
        counts = carried_bits(table, height, width)
        length = int(counts.sum())
        code = make_code(length, _rate(table, length))
        return Plan(table, counts, code, interleave(length)[: code.length])


def _rate(table: LayerTable, length: int) -> float:
    """The code's rate for a layer of so many carried bits."""
    return float(table.information - GAP - SPREAD / np.sqrt(length))


def _inner(picture: Pixels) -> Pixels:
    """The part of a picture whose sides are multiples of 16: a view."""
    height, width = picture.shape[:2]
    return picture[: height // GRID * GRID, : width // GRID * GRID]
