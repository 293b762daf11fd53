"""Derive, wrap and use keys: password or key file -> master -> file key -> keystream.

    password --Argon2id--.
                         +--> master --(a stanza unwraps, or --deniable)--> file key
    key file --HKDF------'                                                     |
              derive(file key, purpose, model, face, size) <------------------'
                  "header"     header_mac
                  "metadata"   seal / unseal
                  "seal", n    seal / unseal
                  "face", n    keystream: the pad of face n
              FaceKey: the "face" and "seal" keys of one face, which can be shared alone
      TrackKey: the key of one face in a video, from which those of its frames and chunks follow

All primitives come from the `cryptography` package.
"""

from proface.keys.batch_key import BatchKey
from proface.keys.face_keys import FaceKey, FaceKeys
from proface.keys.kdf import KdfParameters
from proface.keys.key import Key, not_a_key
from proface.keys.keyfile import is_key_file
from proface.keys.published_key import paper_key_map
from proface.keys.schedule import deniable_file_key, derive, flow_key, header_mac, verify_header_mac
from proface.keys.sealing import seal, unseal
from proface.keys.stanzas import (
    add_stanzas,
    check_stanzas,
    check_total_cost,
    new_file_key,
    open_stanzas,
    opened_by,
    wrap_file_key,
)
from proface.keys.stream import keystream
from proface.keys.track_keys import TrackKey, TrackKeys, load_key_file, parse_key_file

__all__ = [
    "BatchKey",
    "FaceKey",
    "FaceKeys",
    "KdfParameters",
    "Key",
    "TrackKey",
    "TrackKeys",
    "add_stanzas",
    "check_stanzas",
    "check_total_cost",
    "deniable_file_key",
    "derive",
    "flow_key",
    "header_mac",
    "is_key_file",
    "keystream",
    "load_key_file",
    "new_file_key",
    "not_a_key",
    "open_stanzas",
    "opened_by",
    "paper_key_map",
    "parse_key_file",
    "seal",
    "unseal",
    "verify_header_mac",
    "wrap_file_key",
]
