"""`Key`: the one secret that a user holds, made from a password or kept in a key file."""

from __future__ import annotations

import os
import threading
import unicodedata
from typing import Literal, NoReturn

from proface.errors import UsageError
from proface.keys import keyfile
from proface.keys.hkdf import subkey
from proface.keys.kdf import KdfParameters, argon2id

# A header has at most 32 stanzas, so one file never pushes out what it has just paid for.
_CACHED_MASTERS = 64


class Key:
    """A password or a key file's 32 bytes. Make one with `from_password`, `generate`, `from_file`.

    The secret is never shown: not by repr or str, and a Key cannot be pickled or copied (a worker
    process must be given the password another way). It stays in memory while the Key lives.
    Threads may share a Key.
    """

    __slots__ = ("_kind", "_lock", "_masters", "_secret")

    def __init__(self, kind: Literal["password", "file"], secret: bytes) -> None:
        self._kind: Literal["password", "file"] = kind
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

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a generated key to a new text file that only its owner can read (mode 0600).

        Raises OutputExistsError rather than replace a file, OutputError if the file cannot be
        written, UsageError for a password key.
        """
        if self._kind == "password":
            raise UsageError(
                "A password is not saved to a file. Use Key.generate() for a key file."
            )
        keyfile.write_new(path, keyfile.encode(self._secret))

    @property
    def kind(self) -> Literal["password", "file"]:
        """Where the key comes from: "password", or "file" for 32 random bytes."""
        return self._kind

    def master(self, kdf: KdfParameters) -> bytes:
        """The 32 bytes from which everything else is derived, under these parameters.

        Password: Argon2id (about 0.1 s at the default costs). Key file: HKDF-SHA256 with the salt
        and the field "key file"; the costs say nothing there, since 32 random bytes cannot be
        guessed. Remembered for each (salt, costs), so that a batch with one salt pays once.
        """
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
        return f"<Key from {'a password' if self._kind == 'password' else '32 random bytes'}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A Key is secret and cannot be pickled or copied.")
