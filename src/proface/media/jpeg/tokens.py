"""Blocks of coefficients as Huffman tokens: sequential and progressive (T.81, annexes F and G).

Blocks come as an array N x 64 in zigzag order. Everything is done on many blocks at once: how
many tokens each block has tells where each token goes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from proface.media.jpeg.huffman import AC, RAW, RESTART, Tokens, checked_size

Ints = NDArray[np.int64]
_LONGEST_RUN = 32767  # of blocks without more coefficients, in one token
_SIZE = np.array([value.bit_length() for value in range(1 << 16)], np.uint8)


@dataclass
class _Places:
    """Where tokens go: each block's first, each coefficient's last, those behind a block."""

    total: int
    first: Ints
    item: Ints
    behind: Ints


def sequential(
    blocks: NDArray[np.int16],
    differences: NDArray[np.int32],
    dc_base: NDArray[np.uint16],
    ac_base: NDArray[np.uint16],
    restarts: Ints,
) -> Tokens:
    """Whole blocks. `blocks[:, 0]` is taken as zero; restarts: -1, or the number of a marker
    that goes before the block.
    """
    block, k, values = _nonzero(blocks, 1, 63)
    runs = k - _before(block, k, 0) - 1
    skips = runs >> 4
    last = np.zeros(len(blocks), np.int64)
    last[block] = k  # the last one given stays
    marked = (restarts >= 0).astype(np.int64)
    ended = (last < 63).astype(np.int64)
    places = _placed(len(blocks), block, skips + 1, marked + 1, ended)
    tokens = _empty(places.total)
    sizes, extra = _coded(values)
    _put_restarts(tokens, places, restarts)
    at = places.first + marked
    dc_sizes, dc_extra = _coded(differences)
    tokens.index[at], tokens.extra[at] = dc_base + dc_sizes, dc_extra
    tables = ac_base[block]
    tokens.index[places.item] = tables + ((runs & 15) << 4 | sizes).astype(np.uint16)
    tokens.extra[places.item] = extra
    _put_skips(tokens, places.item, skips, tables)
    tokens.index[places.behind[ended > 0]] = ac_base[ended > 0]
    return tokens


def dc_first(differences: NDArray[np.int32], dc_base: NDArray[np.uint16], restarts: Ints) -> Tokens:
    """The first pass of a progressive picture: differences of DC, already shifted."""
    sizes, extra = _coded(differences)
    return _one_each(dc_base + sizes, extra, restarts)


def dc_refine(bits: NDArray[np.uint16], restarts: Ints) -> Tokens:
    """One further bit of each DC."""
    return _one_each(np.full(len(bits), RAW, np.uint16), bits, restarts)


def ac_first(
    blocks: NDArray[np.int16], first: int, last: int, low: int, table: int, restarts: Ints
) -> Tokens:
    """The first pass over a band, without its `low` lowest bits."""
    magnitudes = np.abs(blocks[:, first : last + 1].astype(np.int32)) >> low
    block, k, sizes_of = _nonzero(magnitudes, 0, last - first)
    negative = blocks[block, k + first] < 0
    values = np.where(negative, -sizes_of, sizes_of)
    base = np.uint16(AC + 256 * table)
    runs = k - _before(block, k, -1) - 1
    skips = runs >> 4
    final = np.full(len(blocks), -1, np.int64)
    final[block] = k
    holders, lengths = _end_runs(final >= 0, final < last - first, restarts)
    tokens, places = _laid_out(len(blocks), block, skips + 1, holders, restarts)
    sizes, extra = _coded(values)
    tokens.index[places.item] = base + ((runs & 15) << 4 | sizes).astype(np.uint16)
    tokens.extra[places.item] = extra
    _put_skips(tokens, places.item, skips, np.full(len(block), base))
    _put_end_runs(tokens, places.behind[holders], lengths, base)
    return tokens


def ac_refine(
    blocks: NDArray[np.int16], first: int, last: int, low: int, table: int, restarts: Ints
) -> Tokens:
    """One further bit of a band. Bits of coefficients that are there already follow the next
    symbol, wherever it comes (T.81, G.1.2.3).
    """
    magnitudes = np.abs(blocks[:, first : last + 1].astype(np.int32)) >> low
    block, k, values = _nonzero(magnitudes, 0, last - first)
    base = np.uint16(AC + 256 * table)
    new = values == 1
    final_new = np.full(len(blocks), -1, np.int64)
    final_new[block[new]] = k[new]
    # Zeros since the block's begin or its last new coefficient, and of these 16 at a time.
    order = np.arange(len(block)) - np.searchsorted(block, block)
    zeros = k - order
    since = _zeros_at_last_new(block, new, zeros)
    zeros -= since
    skips = np.where(k <= final_new[block], zeros >> 4, 0)
    same = np.concatenate([[False], (block[1:] == block[:-1]) & ~new[:-1]])[: len(block)]
    fresh = skips - np.where(same, np.concatenate([[0], skips[:-1]])[: len(block)], 0)
    # Zeros alone behind the last symbol, or bits, or both: the block ends with an end token.
    ends = final_new < last - first
    holders, lengths = _end_runs(final_new >= 0, ends, restarts, at_end=True)
    tokens, places = _laid_out(len(blocks), block, fresh + 1, holders, restarts)
    negative = blocks[block, k + first] < 0
    runs = np.where(new, zeros & 15, 0)
    tokens.index[places.item] = np.where(new, base + (runs << 4) + 1, RAW)
    tokens.extra[places.item] = np.where(new, ~negative, values & 1)
    _put_skips(tokens, places.item, fresh, np.full(len(block), base))
    _put_end_runs(tokens, places.behind[holders], lengths, base)
    return _bits_behind_symbols(tokens)


def _laid_out(
    count: int, block: Ints, lengths: Ints, holders: Ints, restarts: Ints
) -> tuple[Tokens, _Places]:
    """Room for a band's tokens, with its restarts, and where they go; an end behind `holders`."""
    behind = np.zeros(count, np.int64)
    behind[holders] = 1
    places = _placed(count, block, lengths, (restarts >= 0).astype(np.int64), behind)
    tokens = _empty(places.total)
    _put_restarts(tokens, places, restarts)
    return tokens, places


def _bits_behind_symbols(tokens: Tokens) -> Tokens:
    """Each bit that stands alone moves behind the symbol that follows it."""
    symbol = tokens.index != RAW
    symbols, bits = np.cumsum(symbol), np.cumsum(~symbol)
    at_symbols = bits[symbol]  # bits before each symbol
    target = np.empty(len(symbol), np.int64)
    target[symbol] = symbols[symbol] - 1 + np.concatenate([[0], at_symbols[:-1]])[: len(at_symbols)]
    target[~symbol] = symbols[~symbol] + bits[~symbol]
    moved = _empty(len(symbol))
    moved.index[target], moved.extra[target] = tokens.index, tokens.extra
    return moved


def _zeros_at_last_new(block: Ints, new: NDArray[np.bool_], zeros: Ints) -> Ints:
    """For each coefficient, the block's zeros up to the last new one before it; 0 without."""
    places = np.arange(len(block))
    last = np.maximum.accumulate(np.where(new, places, -1))
    before = np.concatenate([[-1], last[:-1]])[: len(block)]
    valid = (before >= 0) & (block[before] == block)
    return np.where(valid, zeros[before], 0)


def _end_runs(
    symbols: NDArray[np.bool_], ends: NDArray[np.bool_], restarts: Ints, *, at_end: bool = False
) -> tuple[Ints, Ints]:
    """Runs of blocks that end early: the block that holds each run's token, and its length.

    symbols: whether a block has symbols of its own, before which a run has to be told. ends:
    whether a block ends early. The token stands behind the run's first block or its last.
    """
    count = len(symbols)
    starts = symbols | (restarts >= 0)
    if not count:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    starts[0] = True
    begin = np.flatnonzero(starts)
    group = np.repeat(begin, np.diff(np.append(begin, count)))
    starts |= (np.arange(count) - group) % _LONGEST_RUN == 0
    begin = np.flatnonzero(starts)
    lengths = np.add.reduceat(ends.astype(np.int64), begin)
    holder = np.append(begin[1:], count) - 1 if at_end else begin
    return holder[lengths > 0], lengths[lengths > 0]


def _put_end_runs(tokens: Tokens, places: Ints, lengths: Ints, base: np.uint16) -> None:
    sizes = _SIZE[lengths].astype(np.int64) - 1
    tokens.index[places] = base + (sizes << 4).astype(np.uint16)
    tokens.extra[places] = lengths - (1 << sizes)


def _put_skips(tokens: Tokens, places: Ints, skips: Ints, tables: NDArray[np.uint16]) -> None:
    for back in range(1, int(skips.max(initial=0)) + 1):
        chosen = skips >= back
        tokens.index[places[chosen] - back] = tables[chosen] + np.uint16(0xF0)


def _put_restarts(tokens: Tokens, places: _Places, restarts: Ints) -> None:
    marked = restarts >= 0
    tokens.index[places.first[marked]] = RESTART
    tokens.extra[places.first[marked]] = restarts[marked] & 7


def _one_each(index: NDArray[np.uint16], extra: NDArray[np.uint16], restarts: Ints) -> Tokens:
    marked = (restarts >= 0).astype(np.int64)
    nothing = np.empty(0, np.int64)
    places = _placed(len(index), nothing, nothing, marked + 1, np.zeros_like(marked))
    tokens = _empty(places.total)
    _put_restarts(tokens, places, restarts)
    at = places.first + marked
    tokens.index[at], tokens.extra[at] = index, extra
    return tokens


def _nonzero(blocks: NDArray[np.signedinteger], low: int, high: int) -> tuple[Ints, Ints, Ints]:
    """Block, place and value of each coefficient that is not 0, of the columns low to high."""
    width = blocks.shape[1]
    flat = np.flatnonzero(blocks)
    block, k = np.divmod(flat, width) if width != 64 else (flat >> 6, flat & 63)
    values = blocks.reshape(-1)[flat].astype(np.int64)
    if low > 0:
        kept = k >= low
        if not kept.all():
            block, k, values = block[kept], k[kept], values[kept]
    assert high == width - 1
    return block, k, values


def _before(block: Ints, k: Ints, start: int) -> Ints:
    """The place of the coefficient before, in the same block; `start` without."""
    before = np.empty_like(k)
    before[:1] = start
    before[1:] = np.where(block[1:] == block[:-1], k[:-1], start)
    return before


def _placed(count: int, block: Ints, weights: Ints, ahead: Ints, behind: Ints) -> _Places:
    sums = np.concatenate([[0], np.cumsum(weights)])
    bounds = sums[np.searchsorted(block, np.arange(count + 1))]
    inside = np.diff(bounds)
    ends = np.cumsum(ahead + inside + behind)
    first = ends - ahead - inside - behind
    shift = first + ahead - bounds[:-1]
    return _Places(
        total=int(ends[-1]) if count else 0,
        first=first,
        item=shift[block] + sums[1:] - 1,
        behind=first + ahead + inside,
    )


def _coded(
    values: NDArray[np.signedinteger],
) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """The size of each value, and its bits."""
    magnitudes = np.abs(values)
    sizes = checked_size(_SIZE[np.minimum(magnitudes, 0xFFFF)]).astype(np.uint16)
    bits = (values - (values < 0)) & ((1 << sizes.astype(np.int64)) - 1)
    return sizes, bits.astype(np.uint16)


def _empty(count: int) -> Tokens:
    return Tokens(np.zeros(count, np.uint16), np.zeros(count, np.uint16))
