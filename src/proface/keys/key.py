"""`Key`: the one secret that a user holds, made from a password or kept in a key file."""

from __future__ import annotations

import os
import threading
import unicodedata
from typing import Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from proface.errors import UsageError
from proface.keys import keyfile, paper
from proface.keys.hkdf import subkey
from proface.keys.kdf import KdfParameters, argon2id

Kind = Literal["password", "file", "paper"]

# A header has at most 32 stanzas, so one file never pushes out what it has just paid for.
_CACHED_MASTERS = 64


class Key:
    """A password or a key file's 32 bytes. Make one with `from_password`, `generate`, `from_file`.

    (`paper` makes one of another kind, for research: it protects no files.)

    The secret is never shown: not by repr or str, and a Key cannot be pickled or copied (a worker
    process must be given the password another way). It stays in memory while the Key lives.
    Threads may share a Key.
    """

    __slots__ = ("_kind", "_lock", "_masters", "_secret")

    def __init__(self, kind: Kind, secret: bytes) -> None:
        self._kind: Kind = kind
        self._secret = secret
        self._masters: dict[KdfParameters, bytes] = {}
        self._lock = threading.Lock()

    @classmethod
    def from_password(cls, text: str) -> Key:
        """A key from a password, NFC-normalised so that every keyboard's é is the same, in UTF-8.

        Nothing is stripped: a space at the end counts. Raises UsageError if the password is empty
        or holds half a character (a lone surrogate, from an environment that is not UTF-8).
        """
        if not text:
            raise UsageError("The password is empty. Give one of several words.")
        # Looked for beforehand: UnicodeEncodeError would carry the password in its attributes.
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise UsageError("The password is not valid UTF-8 text. Check where it comes from.")
        return cls("password", unicodedata.normalize("NFC", text).encode("utf-8"))

    @classmethod
    def generate(cls) -> Key:
        """A new key of 32 random bytes: `save` it, for nothing else brings the faces back."""
        return cls("file", os.urandom(32))

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Key:
        """Read a key file that `save` wrote.

        Raises UsageError if it cannot be read or is no key file, DamagedFileError if it was
        altered (a checksum finds typing errors); both name the file.
        """
        return cls("file", keyfile.load(path))

    @classmethod
    def paper(cls, password: str | int) -> Key:
        """A key of the published derivation, to reproduce published results. **Protects nothing.**

        Takes the place of a key in `protect` and `recover` of a keyed flow, without a nonce:
        `flow.protect(x, o, Key.paper("secret"), nonce=None)`. Every image under one password gets
        the same key map. Files and padded flows refuse it.

        password: text in Latin-1, or a number from 0 to 255 for that one byte; UsageError else.
        """
        return cls("paper", paper.password_bytes(password))

    def paper_words(self, height: int, width: int) -> NDArray[np.uint16]:
        """The published key map of an image, as words of which each bit is a pixel's sign.

        For a key that `paper` made: ceil(height * width / 16) words, as `keystream` gives them.
        """
        data = paper.paper_bytes(self._secret, height, width)
        return np.pad(data, (0, data.size % 2)).view("<u2")

    def check_strong(self) -> None:
        """Raises UsageError for a key that `paper` made: nothing may be protected with it."""
        if self._kind == "paper":
            raise UsageError(
                "This key follows the published derivation, which is weak: it serves the protect "
                "and recover of a keyed flow, to reproduce published results, and no file and no "
                "padded flow. Use Key.from_password or Key.generate."
            )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a generated key to a new text file that only its owner can read (mode 0600).

        Raises OutputExistsError rather than replace a file, OutputError if the file cannot be
        written, UsageError for a password key.
        """
        if self._kind != "file":
            raise UsageError(
                "A password is not saved to a file. Use Key.generate() for a key file."
            )
        keyfile.write_new(path, keyfile.encode(self._secret))

    @property
    def kind(self) -> Kind:
        """Where the key comes from: "password", "file" for 32 random bytes, or "paper"."""
        return self._kind

    def master(self, kdf: KdfParameters) -> bytes:
        """The 32 bytes from which everything else is derived, under these parameters.

        Password: Argon2id (about 0.1 s at the default costs). Key file: HKDF-SHA256 with the salt
        and the field "key file"; the costs say nothing there, since 32 random bytes cannot be
        guessed. Remembered for each (salt, costs), so that a batch with one salt pays once.

        Raises UsageError for a key that `paper` made.
        """
        self.check_strong()
        with self._lock:  # held through the work: a second thread waits rather than repeats it
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
