"""Reads one layer of a region: where coefficients lie in the lattice, and what code words say.

Places of coefficients give log-likelihood ratios, by the change of the picture that fits best; the
code gives the words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from proface.embedding.base import Words
from proface.embedding.block_transform import Floats
from proface.embedding.carriers import carried_coefficients
from proface.embedding.error_correction import MOST_ROUNDS, Bits, Code, Decoded
from proface.embedding.layer_tables import BINS, LayerTable

HOPELESS = 0.9  # of the code's rate: with less information than that, rounds would be wasted
TRIES = 3  # states that the decoder is run with


@dataclass(frozen=True)
class Layer:
    """What was extracted from one layer.

    Attributes:
        words: as many as `capacity` says; right if `intact`.
        intact: the codeword was decoded: all parity checks and its CRC-32 hold.
        error_rate: the share of carried bits that came wrong: measured if `intact`, estimated from
            the log-likelihood ratios otherwise. 0 to 1/2.
        state: the calibrated change that fits best, such as "jpeg75 blur".
    """

    words: Words
    intact: bool
    error_rate: float
    state: str


@dataclass(frozen=True)
class Plan:
    """A layer in a region of one size: its table, its code and where the codeword's bits go."""

    table: LayerTable
    counts: npt.NDArray[np.int64]  # bits of each carrier
    code: Code
    order: npt.NDArray[np.int64]  # codeword bit -> place among all carriers' bits


def read_layer(bands: list[Floats], plan: Plan, known: Bits | None = None) -> Layer:
    """One layer from the bands of the picture's planes, under the likeliest states.

    known: the first information bits, as `Code.decode` takes them.
    """
    values = carried_coefficients(bands, plan.table)
    states = likeliest_states(plan.table, plan.counts, values)
    return first_intact(decode_layer(ratios, plan, state, known) for state, ratios in states)


def first_intact(readings: Iterable[Layer]) -> Layer:
    """The first intact one of a layer's readings, or else the first of all; there is one."""
    first: Layer | None = None
    for layer in readings:
        if layer.intact:
            return layer
        first = first or layer
    if first is None:
        raise ValueError("no readings")
    return first


def decode_layer(
    ratios: Floats, plan: Plan, state: str, known: Bits | None = None, hopeless: float = HOPELESS
) -> Layer:
    """One layer from ln P(0)/P(1) of its bits: all of one carrier, then the next's.

    hopeless: the share of the code's rate under which no decoding is tried.
    """
    result, rate = decode_bits(ratios[plan.order], plan.code, known, hopeless)
    return Layer(to_words(result.bits), result.intact, rate, state)


def decode_bits(
    ratios: Floats,
    code: Code,
    known: Bits | None = None,
    hopeless: float = HOPELESS,
    patience: int = MOST_ROUNDS,
) -> tuple[Decoded, float]:
    """Decode a codeword; also the share of its bits that came wrong, measured or estimated.

    Args:
        hopeless: see `decode_layer`.
        ratios, known, patience: see `Code.decode`.
    """
    doubt = 1 / (1 + np.exp(np.abs(ratios)))  # how likely each hard decision is wrong
    told = 1 + float(np.mean(doubt * np.log2(doubt) + (1 - doubt) * np.log2(1 - doubt)))
    rounds = MOST_ROUNDS if told >= hopeless * code.needed(known) else 0
    result = code.decode(ratios, rounds, known, patience)
    return result, result.changed if result.intact else float(np.mean(doubt))


def to_bits(words: Words, size: int) -> Bits:
    """Words as so many bits, zeros behind them."""
    bits = np.zeros(size, np.uint8)
    bits[: 16 * len(words)] = np.unpackbits(words.astype(">u2").view(np.uint8))
    return bits


def to_words(bits: Bits) -> Words:
    """Bits as words, without those that fill none."""
    return np.packbits(bits[: len(bits) // 16 * 16]).view(">u2").astype(np.uint16)


def likeliest_states(
    table: LayerTable, counts: npt.NDArray[np.int64], values: list[Floats]
) -> Iterator[tuple[str, Floats]]:
    """The states that fit the coefficients of each carrier best, and ln P(0)/P(1) of all bits.

    The second is what the places of the coefficients say alone, without what was likely before.
    """
    places = [_bins(one, table, c) for c, one in enumerate(values)]
    total = np.zeros(len(table.states))  # log-likelihood under each state, in nats
    for c, bins in enumerate(places):
        total += table.density[c] @ np.bincount(bins, minlength=BINS)
    fit = np.asarray(total / counts.sum(), np.float32)
    for state in np.argsort(-fit, kind="stable")[:TRIES]:
        ratios = np.concatenate([table.ratio[c, state][bins] for c, bins in enumerate(places)])
        yield table.states[state], ratios


def _bins(values: Floats, table: LayerTable, c: int) -> npt.NDArray[np.intp]:
    """In which bin of the lattice's period the coefficients of a carrier lie."""
    turn = values / table.step[c] - table.offset[c] + 1 / BINS  # bins centred on points
    return np.asarray(np.minimum((turn % 2) * (BINS / 2), BINS - 1), np.intp)
