"""Endless training batches, each a function of the seed and its number.

A resumed run therefore continues with exactly the next batch, without saving the state of the data
pipeline. Threads prefetch; the order is fixed.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from itertools import count, islice
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from proface.errors import ImageError
from proface.research.evaluation.images import load
from proface.research.training.dataset_layouts import Item
from proface.research.training.images import UNREADABLE, load_for_crops
from proface.types import Pixels

T = TypeVar("T")
AHEAD = 4  # pieces prefetched by each thread


class Images:
    """The training images in an endless order, reshuffled each epoch.

    An unreadable image is reported once through `warn` and replaced by another one.

    Args:
        items: the images.
        seed: of the order.
        warn: called once for each image that is skipped.
    """

    def __init__(self, items: Sequence[Item], seed: int, warn: Callable[[str], None]) -> None:
        self.items, self.seed = items, seed
        self._warn, self._named, self._lock = warn, set[int](), threading.Lock()
        self._order = lru_cache(maxsize=4)(self._permutation)

    def _permutation(self, epoch: int) -> npt.NDArray[np.int64]:
        return np.random.default_rng([self.seed, 1, epoch]).permutation(len(self.items))

    def whole(self, number: int, size: int) -> tuple[Pixels, Item]:
        """Image `number` of the order, size x size x 3."""
        return self._read(number, lambda item: load(item.path, size))

    def for_crops(
        self, number: int, least: int, generator: np.random.Generator
    ) -> tuple[Pixels, Item]:
        """Image `number` of the order, resized at random to at least `least` and mirrored."""
        return self._read(number, lambda item: load_for_crops(item.path, least, generator))

    def _read(self, number: int, read: Callable[[Item], Pixels]) -> tuple[Pixels, Item]:
        epoch, place = divmod(number, len(self.items))
        for attempt in range(len(self.items)):
            index = int(self._order(epoch)[(place + attempt) % len(self.items)])
            item = self.items[index]
            try:
                return read(item), item
            except UNREADABLE as error:
                self._skip(index, item, error)
        raise ImageError("none of the images can be read (any more). Check the folder.")

    def _skip(self, index: int, item: Item, error: Exception) -> None:
        with self._lock:
            new = index not in self._named
            self._named.add(index)
        if new:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            self._warn(f"{item.path}: cannot be read, skipped ({reason}).")


def prefetched(make: Callable[[int], T], start: int, workers: int) -> Generator[T, None, None]:
    """make(start), make(start + 1), ... in this order, prefetched by `workers` threads."""
    if workers == 0:
        yield from map(make, count(start))
    pool = ThreadPoolExecutor(workers, thread_name_prefix="data")
    try:
        numbers = count(start)
        ahead: deque[Future[T]] = deque(
            pool.submit(make, n) for n in islice(numbers, AHEAD * workers)
        )
        while True:
            ahead.append(pool.submit(make, next(numbers)))
            yield ahead.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def pooled(
    make: Callable[[int], Sequence[T]],
    *,
    each: int,
    size: int,
    fresh: int,
    batch: int,
    seed: Sequence[int],
    step: int,
    workers: int,
) -> Generator[list[T], None, None]:
    """Batches drawn from a pool of the latest `size` pieces; each step adds `fresh` ones.

    Pieces that are costly to make are reused, each time in another batch.

    Args:
        make: makes group n, `each` pieces, such as crops of one image.
        each, size, fresh, batch: numbers of pieces.
        seed: of the random draws.
        step: of the first batch; the pool is rebuilt as it was at that step.
        workers: threads that prefetch.
    """
    newest = size // 8 + fresh * step  # pieces made before this step
    oldest = max(0, newest - size)
    groups = prefetched(make, oldest // each, workers)
    pieces = (piece for group in groups for piece in group)
    try:
        pool = deque(islice(pieces, oldest % each, newest - oldest + oldest % each), maxlen=size)
        for number in count(step):
            pool.extend(islice(pieces, fresh))
            chosen = np.random.default_rng([*seed, 2, number]).integers(len(pool), size=batch)
            yield [pool[i] for i in chosen]
    finally:
        groups.close()
