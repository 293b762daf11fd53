"""Password-based key derivation: Argon2id and its parameters, bounded when read.

A file is untrusted, and its parameters decide how much memory and time the reader spends, so they
are checked before anything is allocated. Writers have the same limits: otherwise they could make
files that no reader opens.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from proface.errors import DamagedFileError, UsageError
from proface.keys.checks import from_base64
from proface.media.base64_text import encode

SALT_BYTES = 16
MAX_MEMORY_KIB = 256 * 1024  # 256 MiB at a time
MAX_COST_KIB = 1024 * 1024  # memory x iterations: 1 GiB written in total
MAX_LANES = 8
# Below these a forged header could make a reader turn the password into something that is cheap to
# guess from: a third of the default costs is the least.
MIN_MEMORY_KIB = 16 * 1024
MIN_COST_KIB = 64 * 1024
_ALGORITHM = "argon2id"
_COSTS = ("memory_kib", "iterations", "lanes")
# One derivation at a time: OpenSSL's lanes share a pool of threads, and two derivations that each
# hold a part of it wait for each other for ever. It also bounds the memory.
_deriving = threading.Lock()


@dataclass(frozen=True)
class KdfParameters:
    """Salt and costs of Argon2id version 1.3 (RFC 9106). Not secret.

    salt: 16 random bytes; a batch may share one salt, so that the derivation runs once.
    memory_kib: 16384 (16 MiB) to 262144 (256 MiB).
    iterations: at least 1; memory_kib x iterations from 65536 (64 MiB) to 1048576 (1 GiB).
    lanes: 1 to 8.

    The defaults are RFC 9106's second recommendation. Values out of range raise UsageError.
    """

    salt: bytes
    memory_kib: int = 65536
    iterations: int = 3
    lanes: int = 4

    def __post_init__(self) -> None:
        fault = _fault(self)
        if fault:
            raise UsageError(f"Key derivation: {fault}.")

    @classmethod
    def fresh(cls) -> KdfParameters:
        """Make parameters with a new random salt and the default costs."""
        return cls(os.urandom(SALT_BYTES))

    @property
    def cost_kib(self) -> int:
        """The cost of one derivation: KiB of memory times iterations."""
        return self.memory_kib * self.iterations

    def to_json(self) -> dict[str, str | int]:
        """As stored in the header: {"name": "argon2id", "salt": base64, and the three costs}."""
        costs = {cost: getattr(self, cost) for cost in _COSTS}
        return {"name": _ALGORITHM, "salt": encode(self.salt), **costs}

    @classmethod
    def from_json(cls, value: object) -> KdfParameters:
        """Parse what `to_json` wrote and check every limit.

        Raises DamagedFileError for a missing, unknown or mistyped field or a value over its limit.
        """
        if not isinstance(value, dict) or set(value) != {"name", "salt", *_COSTS}:
            raise _damaged("fields are missing or unknown")
        if value["name"] != _ALGORITHM:
            raise _damaged("the algorithm is unknown")
        salt = from_base64(value["salt"], SALT_BYTES, "salt")
        try:
            return cls(salt, *(value[cost] for cost in _COSTS))
        except UsageError as error:
            raise _damaged(str(error)) from None


def argon2id(password: bytes, kdf: KdfParameters) -> bytes:
    """Derive 32 bytes from a password with Argon2id, without secret or associated data."""
    derivation = Argon2id(
        salt=kdf.salt,
        length=32,
        iterations=kdf.iterations,
        lanes=kdf.lanes,
        memory_cost=kdf.memory_kib,
    )
    with _deriving:
        return derivation.derive(password)


def _fault(kdf: KdfParameters) -> str | None:
    """What is wrong with the parameters, or None."""
    # `type is int`: isinstance would accept JSON's true.
    if type(kdf.salt) is not bytes or len(kdf.salt) != SALT_BYTES:
        return f"the salt must be exactly {SALT_BYTES} bytes"
    if not all(type(getattr(kdf, cost)) is int for cost in _COSTS):
        return "memory, iterations and lanes must be whole numbers"
    if not 1 <= kdf.lanes <= MAX_LANES:
        return f"the lanes must be 1 to {MAX_LANES}"
    if not MIN_MEMORY_KIB <= kdf.memory_kib <= MAX_MEMORY_KIB:
        return f"the memory must be {MIN_MEMORY_KIB} to {MAX_MEMORY_KIB} KiB"
    if not 1 <= kdf.iterations <= MAX_COST_KIB // kdf.memory_kib:
        return f"iterations must be at least 1, and memory x iterations at most {MAX_COST_KIB} KiB"
    if kdf.cost_kib < MIN_COST_KIB:
        return f"memory x iterations must be at least {MIN_COST_KIB} KiB: guessing would be cheap"
    return None


def _damaged(reason: str) -> DamagedFileError:
    return DamagedFileError(
        f"The header's key derivation parameters are invalid ({reason.rstrip('.')}): "
        "the file was damaged or altered. Use another copy."
    )
