"""What turning a password into a master key costs: stored in the file, capped when read.

The file comes from anywhere, and its numbers decide how much memory and time the reader spends:
they are checked before a byte is allocated. The same limits hold for a writer, since a file that
no reader opens would be a silent loss.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from proface.errors import DamagedFileError, UsageError
from proface.keys.checks import from_base64, to_base64

SALT_BYTES = 16
MAX_MEMORY_KIB = 256 * 1024  # 256 MiB at a time
MAX_COST_KIB = 1024 * 1024  # memory x iterations: 1 GiB written in all
MAX_LANES = 8
_ALGORITHM = "argon2id"
_COSTS = ("memory_kib", "iterations", "lanes")


@dataclass(frozen=True)
class KdfParameters:
    """Salt and costs of Argon2id version 1.3 (RFC 9106). Not secret.

    salt: 16 bytes, random; one salt may serve a whole batch, so that the work is done once.
    memory_kib: from 8 per lane (RFC 9106's least) to 262144 (256 MiB).
    iterations: from 1; memory_kib x iterations at most 1048576 (1 GiB).
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
        """A new random salt and the default costs."""
        return cls(os.urandom(SALT_BYTES))

    @property
    def cost_kib(self) -> int:
        """The work of one derivation: KiB of memory, written `iterations` times."""
        return self.memory_kib * self.iterations

    def to_json(self) -> dict[str, str | int]:
        """As the header holds them: {"name": "argon2id", "salt": base64, and the three costs}."""
        return {
            "name": _ALGORITHM,
            "salt": to_base64(self.salt),
            "memory_kib": self.memory_kib,
            "iterations": self.iterations,
            "lanes": self.lanes,
        }

    @classmethod
    def from_json(cls, value: object) -> KdfParameters:
        """Read what `to_json` wrote, with every limit checked and nothing allocated.

        Raises DamagedFileError for a missing, foreign or mistyped field or a value over its cap.
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
    """Argon2id of the password under these parameters, without secret or associated data.

    Returns 32 bytes.
    """
    return Argon2id(
        salt=kdf.salt,
        length=32,
        iterations=kdf.iterations,
        lanes=kdf.lanes,
        memory_cost=kdf.memory_kib,
    ).derive(password)


def _fault(kdf: KdfParameters) -> str | None:
    """What is wrong with the parameters, if anything."""
    # `type is int`: JSON's true is an int to isinstance, and 1 to arithmetic.
    if type(kdf.salt) is not bytes or len(kdf.salt) != SALT_BYTES:
        return f"the salt must be exactly {SALT_BYTES} bytes"
    if not all(type(getattr(kdf, cost)) is int for cost in _COSTS):
        return "memory, iterations and lanes must be whole numbers"
    if not 1 <= kdf.lanes <= MAX_LANES:
        return f"the lanes must be 1 to {MAX_LANES}"
    if not 8 * kdf.lanes <= kdf.memory_kib <= MAX_MEMORY_KIB:
        return f"the memory must be 8 KiB for each lane, at most {MAX_MEMORY_KIB} KiB"
    if not 1 <= kdf.iterations <= MAX_COST_KIB // kdf.memory_kib:
        return (
            f"memory x iterations must be at most {MAX_COST_KIB} KiB, and one iteration the least"
        )
    return None


def _damaged(reason: str) -> DamagedFileError:
    return DamagedFileError(
        f"The header's key derivation parameters are refused ({reason.rstrip('.')}): "
        "the file was damaged or forged. Use another copy of it."
    )
