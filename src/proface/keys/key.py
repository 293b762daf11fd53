"""`Key`: a user's secret, from a password or a key file."""

from __future__ import annotations

import os
import threading
import unicodedata
from typing import Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from proface.errors import UsageError
from proface.keys import keyfile, published_key
from proface.keys.hkdf import subkey
from proface.keys.kdf import KdfParameters, argon2id

Kind = Literal["password", "file", "paper"]

# A header has at most 32 stanzas, so one file never evicts the keys it has just derived.
_CACHED_MASTERS = 64


def not_a_key(given: object) -> UsageError:
    """The error for anything else given as a key; its text never contains it."""
    return UsageError(
        f"A key is proface.Key.from_password(...), from_file(...) or generate(), not "
        f"{type(given).__name__}."
    )


class Key:
    """A password, or the 32 bytes of a key file: see `from_password`, `generate`, `from_file`.

    (`paper` makes a weak key for research, which protects no files.)

    repr and str do not show the secret, and a Key cannot be pickled or copied (pass the password
    itself to worker processes). The secret stays in memory while the Key exists. A Key is
    thread-safe.
    """

    __slots__ = ("_former", "_kind", "_lock", "_masters", "_secret")

    def __init__(self, kind: Kind, secret: bytes, former: Key | None = None) -> None:
        self._kind: Kind = kind
        self._secret = secret
        self._former = former
        self._masters: dict[KdfParameters, bytes] = {}
        self._lock = threading.Lock()

    @classmethod
    def from_password(cls, text: str) -> Key:
        """Make a key from a password, NFC-normalised and encoded as UTF-8.

        Nothing is stripped: trailing spaces count. Raises UsageError if the password is empty or
        has a lone surrogate (from an environment that is not UTF-8).
        """
        if not isinstance(text, str):
            raise UsageError("A password is text: give a str.")
        if not text:
            raise UsageError("The password is empty. Use several words.")
        # Checked first: UnicodeEncodeError would carry the password in its attributes.
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise UsageError(
                "The password is not valid UTF-8 text. Check the encoding of its source."
            )
        return cls("password", unicodedata.normalize("NFC", text).encode("utf-8"))

    @classmethod
    def generate(cls) -> Key:
        """Make a key of 32 random bytes. `save` it: without it the faces are lost."""
        return cls("file", os.urandom(32))

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Key:
        """Read a key file that `save` wrote.

        Raises UsageError if it cannot be read or is not a key file, DamagedFileError if it was
        altered (a checksum detects typing errors).
        """
        return cls("file", keyfile.load(path))

    @classmethod
    def from_bytes(cls, data: bytes, name: str) -> Key:
        """As `from_file`, of a key file in memory. name: of the file, for messages."""
        return cls("file", keyfile.decode_key(keyfile.parse_lines(data, name), name))

    @classmethod
    def paper(cls, password: str | int) -> Key:
        """Make a key by the published derivation, to reproduce its results. **Not secure.**

        For `protect` and `recover` of a keyed flow, without a nonce:
        `flow.protect(x, o, Key.paper("secret"))`. All images under one password get
        the same key map. Files and padded flows reject it.

        password: Latin-1 text, or a number from 0 to 255 for a single byte; otherwise UsageError.
        """
        return cls("paper", published_key.password_bytes(password))

    def paper_words(self, height: int, width: int) -> NDArray[np.uint16]:
        """The published key map of an image as 16-bit words, one bit per pixel's sign.

        For a key made by `paper`: ceil(height * width / 16) words, laid out as by `keystream`.
        """
        data = published_key.paper_bytes(self._secret, height, width)
        return np.pad(data, (0, data.size % 2)).view("<u2")

    def check_strong(self) -> None:
        """Raise UsageError for a key made by `paper`, which must not protect anything."""
        if self._kind == "paper":
            raise UsageError(
                "This key follows the published derivation, which is weak. It only reproduces "
                "published results with a keyed flow and protects no files. Use "
                "Key.from_password or Key.generate."
            )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a generated key to a new text file with mode 0600.

        Raises OutputExistsError if the file exists, OutputError if it cannot be written, UsageError
        for a key made from a password.
        """
        keyfile.write_new(path, self.to_text())

    def to_text(self) -> str:
        """The text of a generated key's file: secret.

        Raises UsageError for a key made from a password.
        """
        if self._kind != "file":
            raise UsageError("Passwords are not saved to files. Use Key.generate() for a key file.")
        return keyfile.encode(self._secret)

    def with_former(self, former: Key) -> Key:
        """The same key, which also opens what was made with another reading of its source.

        Nothing is protected with `former`.
        """
        return Key(self._kind, self._secret, former)

    @property
    def former(self) -> Key | None:
        """Another reading of the same password file, with which earlier files were made."""
        return self._former

    @property
    def kind(self) -> Kind:
        """The origin of the key: "password", "file" (32 random bytes) or "paper"."""
        return self._kind

    def master(self, kdf: KdfParameters) -> bytes:
        """Derive the 32-byte master key, from which all other keys are derived.

        Password: Argon2id (about 0.1 s at the default costs). Key file: HKDF-SHA256 with the salt
        and the field "key file"; the costs are unused, as 32 random bytes cannot be guessed.
        Cached for each (salt, costs), so that a batch with one salt derives once.

        Raises UsageError for a key made by `paper`.
        """
        self.check_strong()
        with self._lock:  # held while deriving: a second thread waits instead of repeating it
            master = self._masters.get(kdf)
            if master is None:
                if self._kind == "password":
                    master = argon2id(self._secret, kdf)
                else:
                    master = subkey(self._secret, "key file", salt=kdf.salt)
                if len(self._masters) >= _CACHED_MASTERS:
                    del self._masters[next(iter(self._masters))]  # the oldest
                self._masters[kdf] = master
            return master

    def __repr__(self) -> str:
        origins = {"password": "a password", "file": "32 random bytes"}
        return f"<Key from {origins.get(self._kind, 'a password, by the published derivation')}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A Key is secret and cannot be pickled or copied.")
