"""Offline password guessing: the cost of a guess, and how long word lists take."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np

from proface.errors import WrongPasswordError
from proface.keys import (
    KdfParameters,
    Key,
    deniable_file_key,
    derive,
    keystream,
    open_stanzas,
    wrap_file_key,
)
from proface.models.store import load_flow
from proface.research.attacks.face_sets import SIDE
from proface.research.attacks.findings import Finding, Table
from proface.research.attacks.saved_pictures import is_robust

PROMISED = 0.1  # seconds of one core that a guess takes at least
NO_DENIABLE = (
    "A deniable file makes no sense here: error correction tells a right password; and where the "
    "header is gone, the pixels still hold what a guess is tried against."
)
LISTS = (10_000, 1_000_000, 100_000_000, 1_000_000_000)
CORES = (1, 1000)
UNITS = (("years", 31_557_600), ("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1))


def run_guessing(name: str = "padded", rounds: int = 5) -> Finding:
    """Time guesses against an ordinary file and, of a padded model, a deniable one.

    Processor time summed over cores, the minimum of several guesses.
    """
    kdf = KdfParameters.fresh()
    file_key, model = os.urandom(32), load_flow("padded")
    robust = is_robust(name)
    stanza = wrap_file_key(file_key, Key.from_password("the right one"), kdf)

    def ordinary(number: int) -> None:
        try:
            open_stanzas([stanza], Key.from_password(f"guess {number}"))
        except WrongPasswordError:
            return

    p = np.zeros((SIDE, SIDE, 3), np.uint8)
    nonce = os.urandom(32)

    def deniable(number: int) -> None:
        opened = deniable_file_key(Key.from_password(f"guess {number}"), kdf, nonce)
        face = derive(opened, "face", model=model.digest, face=1, height=SIDE, width=SIDE)
        model.reveal(p, keystream(face, model.words(SIDE, SIDE)))

    costs = {"ordinary": _fastest(ordinary, rounds)}
    if not robust:
        costs["--deniable"] = _fastest(deniable, rounds)
    rows = [
        (
            name,
            f"{cost * 1000:.0f} ms",
            f"{1 / cost:.1f}",
            cores,
            *(_duration(n * cost / cores) for n in LISTS),
        )
        for name, cost in costs.items()
        for cores in CORES
    ]
    columns = ["file", "a guess", "guesses/s/core", "cores", *(f"{n:,} passwords" for n in LISTS)]
    least = min(costs.values())
    enough = least >= PROMISED
    return Finding(
        "guessing",
        "What does a password guess cost on this machine, and how long do word lists take?",
        "no leak" if enough else "leak",
        f"The cheapest guess takes {least * 1000:.0f} ms of one core; {PROMISED * 1000:.0f} "
        "or more are promised. A password on a word list is found nevertheless."
        + (f" {NO_DENIABLE}" if robust else ""),
        [Table(f"Argon2id, {kdf.memory_kib // 1024} MiB, {kdf.iterations} passes", columns, rows)],
        {"seconds_of_one_core": costs, "promised": PROMISED},
    )


def _fastest(work: Callable[[int], None], rounds: int) -> float:
    work(0)
    found = []
    for number in range(1, rounds + 1):
        began = time.process_time()
        work(number)
        found.append(time.process_time() - began)
    return min(found)


def _duration(seconds: float) -> str:
    name, unit = next((pair for pair in UNITS if seconds >= 2 * pair[1]), UNITS[-1])
    return f"{seconds / unit:,.0f} {name}"
