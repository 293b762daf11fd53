"""`BatchKey`: what a worker needs to protect the photos of one batch, and no more."""

from __future__ import annotations

from typing import NoReturn

from proface.errors import UsageError
from proface.keys.kdf import KdfParameters
from proface.keys.key import Key, Kind


class BatchKey(Key):
    """The master key of a password or key file under one salt.

    It wraps file keys as the `Key` does that it was derived from, without Argon2id, and opens the
    files of this batch, whose salt is its own. Neither the password nor the key file, and so no
    file with another salt, can be computed from it.

    As a `Key`, it shows nothing in repr and cannot be pickled; `export` gives its secret for a
    channel that may carry it.
    """

    __slots__ = ("_kdf",)

    def __init__(self, kind: Kind, kdf: KdfParameters, master: bytes) -> None:
        super().__init__(kind, b"")
        self.check_strong()
        self._masters[kdf] = master
        self._kdf = kdf

    @classmethod
    def derive(cls, key: Key, kdf: KdfParameters) -> BatchKey:
        """Derive the key of a batch; for a password, this is the one run of Argon2id."""
        return cls(key.kind, kdf, key.master(kdf))

    @property
    def kdf(self) -> KdfParameters:
        """Salt and costs, which are in every file of the batch."""
        return self._kdf

    def master(self, kdf: KdfParameters) -> bytes:
        """The 32-byte master key; raises UsageError for any salt but the batch's own."""
        if kdf != self._kdf:
            raise UsageError("This key protects one batch only. Give the password or key file.")
        return self._masters[kdf]

    def save(self, path: object) -> NoReturn:
        """Raise UsageError: it is of no use after its batch."""
        raise UsageError("The key of a batch is not saved. Keep the password or key file.")

    def export(self) -> tuple[str, dict[str, str | int], bytes]:
        """Kind, KDF parameters and **secret**, for `load` in another process."""
        return self.kind, self._kdf.to_json(), self._masters[self._kdf]

    @classmethod
    def load(cls, exported: tuple[str, dict[str, str | int], bytes]) -> BatchKey:
        """The key that `export` wrote."""
        kind, kdf, master = exported
        return cls(
            "password" if kind == "password" else "file", KdfParameters.from_json(kdf), master
        )
