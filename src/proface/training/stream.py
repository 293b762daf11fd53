"""Endless training data of which every part is a function of the seed and its number.

So a run that was interrupted goes on with the batch that would have come next, bit for bit, and
nothing of the data has to be saved. Reading runs ahead in threads; the order stays.
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
from proface.training.images import UNREADABLE, Pixels, load, load_for_crops
from proface.training.layouts import Item

T = TypeVar("T")
AHEAD = 4  # pieces for each thread that are made before they are asked for


class Images:
    """The training images in an endless order, each epoch shuffled anew.

    An image that cannot be read is named once through `warn`, and another one takes its place.

    Args:
        items: the images.
        seed: decides the order.
        warn: told one line for each image that is passed over.
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
        """Image `number` of the order, scaled to a random size from `least` on and mirrored."""
        return self._read(number, lambda item: load_for_crops(item.path, least, generator))

    def _read(self, number: int, read: Callable[[Item], Pixels]) -> tuple[Pixels, Item]:
        epoch, place = divmod(number, len(self.items))
        for attempt in range(len(self.items)):
            index = int(self._order(epoch)[(place + attempt) % len(self.items)])
            item = self.items[index]
            try:
                return read(item), item
            except UNREADABLE as error:
                self._pass_over(index, item, error)
        raise ImageError("none of the images can be read (any more). Check the folder.")

    def _pass_over(self, index: int, item: Item, error: Exception) -> None:
        with self._lock:
            new = index not in self._named
            self._named.add(index)
        if new:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            self._warn(f"{item.path}: cannot be read, passed over ({reason}).")


def prefetched(make: Callable[[int], T], start: int, workers: int) -> Generator[T, None, None]:
    """make(start), make(start + 1), ... in this order, made ahead by `workers` threads."""
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
    """Batches drawn from the latest `size` pieces, to which every step adds `fresh` ones.

    What is costly to make is seen several times this way, among others each time.

    Args:
        make: group n, `each` pieces that belong together, such as crops of one image.
        seed: of the drawing.
        step: the first batch's; the pool is made up again as it was then.
    """
    newest = size // 8 + fresh * step  # pieces there are before this step adds its own
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
