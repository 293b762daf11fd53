"""The shaped detail layer: more bits at less change, in looks that are smooth.

In a smooth look nearly all coefficients of the detail layer are 0, so a bit 0 costs nothing and a
bit 1 a step. So ones are made rare where a step is large (probabilistic amplitude shaping), and
every 1 has a sign, which costs nothing more. Two levels: the *size* bit says whether a coefficient
is an even or an odd multiple of its step, the *sign* bit whether an odd one is 1 or 3 modulo 4.

    words -- distribution matcher -- size bits (+ parity bits, uniform) -- LDPC -- places
          -- sign bits (+ parity bits) -- LDPC -- the places whose size bit is 1
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from proface.embedding.base import Words
from proface.embedding.block_transform import Floats
from proface.embedding.carriers import (
    NO_POINT,
    carried_bits,
    carried_coefficients,
    move_carriers,
)
from proface.embedding.distribution_matcher import match, matched_size, ones_of, unmatch
from proface.embedding.error_correction import (
    COLUMNS,
    Bits,
    Code,
    code_size,
    interleave,
    make_code,
)
from proface.embedding.layer_tables import ShapedTable
from proface.embedding.layers import (
    Layer,
    Plan,
    decode_bits,
    first_intact,
    likeliest_states,
    to_bits,
    to_words,
)

Integers = npt.NDArray[np.int64]

# Rates of the codes of size and of sign bits: the most, and what lowers short codes' from which on:
# they need more, and small faces have more texture.
SIZE_RATE, SIGN_RATE = (0.8, 0.836, 5.0), (0.875, 0.905, 2.2)
CERTAIN = 6  # standard deviations under which the ones among the uniform bits never are
PATIENCE = 8  # rounds without progress after which decoding ends
LOUDEST_SIGN = 6.0  # ln of how sure the sign of a coefficient at a lattice point is


@dataclass(frozen=True)
class ShapedPlan(Plan):
    """The shaped layer in a region of one size: `code` is that of size bits.

    Attributes:
        signs: the code of sign bits.
        patterns: runs of places that the distribution matcher fills: start, stop, share of ones.
        prior: of each bit of `code`, ln P(0)/P(1) before anything is received.
        ranked: all places in the order in which ones take sign bits.
        size: information bits.
    """

    signs: Code
    patterns: tuple[tuple[int, int, float], ...]
    prior: Floats
    ranked: Integers
    size: int


def shaped_size(table: ShapedTable, height: int, width: int) -> int:
    """The information bits of a region, without the work of a plan."""
    counts = carried_bits(table, height, width)
    size = code_size(int(counts.sum()), _rate(SIZE_RATE, int(counts.sum())))
    patterns = _patterns(table, counts, size)
    ones = _sure_ones(patterns, _uniform(counts, size))
    return _matched(patterns) + code_size(ones, _rate(SIGN_RATE, ones))


def make_shaped_plan(table: ShapedTable, height: int, width: int) -> ShapedPlan:
    """The plan for a region."""
    counts = carried_bits(table, height, width)
    total = int(counts.sum())
    code = make_code(total, _rate(SIZE_RATE, total))
    uniform = _uniform(counts, code.size)
    patterns = _patterns(table, counts, code.size)
    ones = _sure_ones(patterns, uniform)
    signs = make_code(ones, _rate(SIGN_RATE, ones))
    share = np.full(total, 0.5)
    for start, stop, part in patterns:
        share[start:stop] = part
    order = np.concatenate([uniform + interleave(code.size), interleave(uniform)])[: code.length]
    return ShapedPlan(
        table,
        counts,
        code,
        order,
        signs,
        patterns,
        np.log((1 - share) / share)[order].astype(np.float32),
        interleave(total),
        _matched(patterns) + signs.size,
    )


def _rate(of: tuple[float, float, float], length: int) -> float:
    most, long, spread = of
    return float(min(most, long - spread / np.sqrt(length)))


def _uniform(counts: Integers, size: int) -> int:
    """How many places, the first ones, hold CRC and parity bits, or none for want of a column."""
    return int(counts.sum()) - size


def _patterns(
    table: ShapedTable, counts: Integers, size: int
) -> tuple[tuple[int, int, float], ...]:
    """See `ShapedPlan`."""
    ends, first = np.cumsum(counts).tolist(), _uniform(counts, size)
    starts = [0, *ends[:-1]]
    return tuple(
        (max(start, first), end, float(share))
        for start, end, share in zip(starts, ends, table.ones, strict=True)
        if end > first
    )


def _matched(patterns: tuple[tuple[int, int, float], ...]) -> int:
    """How many bits the distribution matcher takes."""
    return sum(matched_size(stop - start, share) for start, stop, share in patterns)


def _sure_ones(patterns: tuple[tuple[int, int, float], ...], uniform: int) -> int:
    """How many ones there are at least."""
    exact = sum(ones for start, stop, share in patterns for _, ones in ones_of(stop - start, share))
    parity = uniform - COLUMNS  # some of the places may hold nothing
    return exact + max(0, int(parity / 2 - CERTAIN * np.sqrt(parity) / 2))


def shaped_places(plan: ShapedPlan, words: Words) -> tuple[Bits, Bits]:
    """Size and sign bit of each place for words; NO_POINT where there is none."""
    bits = to_bits(words, plan.size)
    size = np.full(int(plan.counts.sum()), NO_POINT, np.uint8)
    at = 0
    for start, stop, share in plan.patterns:
        room = matched_size(stop - start, share)
        size[start:stop] = match(bits[at : at + room], stop - start, share)
        at += room
    size[plan.order] = plan.code.encode(size[plan.order[: plan.code.size]])
    sign = np.full(size.shape, NO_POINT, np.uint8)
    sign[_signed(plan, size)] = plan.signs.encode(bits[at:])
    return size, sign


def _signed(plan: ShapedPlan, size: Bits) -> Integers:
    """The places that carry sign bits, in order."""
    ones: Integers = plan.ranked[size[plan.ranked] == 1]
    return ones[: plan.signs.length]


def move_to_words(
    bands: list[Floats], changes: list[Floats], plan: ShapedPlan, words: Words
) -> None:
    """Add to `changes` what writes words into `bands`; see `move_carriers`."""
    size, sign = shaped_places(plan, words)
    carries = sign != NO_POINT
    points = np.where(carries & (sign == 1), 3, size).astype(np.uint8)  # of ones: 1 or 3 of 4
    period = np.where(carries, 4, 2).astype(np.float32)
    move_carriers(bands, changes, plan.table, plan.counts, points, period)


def read_shaped(bands: list[Floats], plan: ShapedPlan, *, is_trial: bool = False) -> Layer:
    """The layer from the bands of a picture's planes, under the likeliest states.

    is_trial: only whether it is intact counts, not the words, which take a third of the time.
    """
    values = carried_coefficients(bands, plan.table)
    states = likeliest_states(plan.table, plan.counts, values)
    return first_intact(_decode(ratios, values, plan, state, is_trial) for state, ratios in states)


def _decode(
    ratios: Floats, values: list[Floats], plan: ShapedPlan, state: str, is_trial: bool
) -> Layer:
    """The layer under one state: size bits first, as they say where sign bits are."""
    sizes, rate = decode_bits(ratios[plan.order] + plan.prior, plan.code, patience=PATIENCE)
    nothing = Layer(np.zeros(plan.size // 16, np.uint16), False, rate, state)
    if not sizes.intact:
        return nothing
    size = np.full(len(ratios), NO_POINT, np.uint8)
    size[plan.order] = plan.code.encode(sizes.bits)
    steps = np.repeat(plan.table.step, plan.counts)
    signed = _signed(plan, size)
    turn = np.concatenate(values)[signed] / steps[signed]
    told = (LOUDEST_SIGN * np.sin(np.pi / 2 * turn)).astype(np.float32)
    signs, _ = decode_bits(told, plan.signs, patience=PATIENCE)
    if not signs.intact:
        return nothing
    if is_trial:
        return replace(nothing, intact=True)
    patterns = [unmatch(size[start:stop], share) for start, stop, share in plan.patterns]
    bits = [one for one in patterns if one is not None]
    if len(bits) < len(patterns):
        return nothing
    return Layer(to_words(np.concatenate([*bits, signs.bits])), True, rate, state)
