"""Password or key file -> master -> file key -> keystream; stanzas; sealing.

    password --Argon2id--.
                         +--> master --(a stanza unwraps, or --deniable)--> file key
    key file --HKDF------'                                                     |
              derive(file key, purpose, model, face, size) <------------------'
                  "header"     header_mac
                  "metadata"   seal / unseal
                  "seal", n    seal / unseal
                  "face", n    keystream: the pad of face n
              FaceKey: the "face" and "seal" keys of one face, to be handed out alone

Every primitive comes from `cryptography`; nothing here invents one.
"""

from proface.keys.face_keys import FaceKey, FaceKeys, load_key_file
from proface.keys.kdf import KdfParameters
from proface.keys.key import Key
from proface.keys.paper import paper_key_map
from proface.keys.schedule import (
    deniable_file_key,
    derive,
    flow_key,
    header_mac,
    verify_header_mac,
)
from proface.keys.sealing import seal, unseal
from proface.keys.stanzas import (
    add_stanzas,
    check_stanzas,
    open_stanzas,
    opened_by,
    wrap_file_key,
)
from proface.keys.stream import keystream

__all__ = [
    "FaceKey",
    "FaceKeys",
    "KdfParameters",
    "Key",
    "add_stanzas",
    "check_stanzas",
    "deniable_file_key",
    "derive",
    "flow_key",
    "header_mac",
    "keystream",
    "load_key_file",
    "open_stanzas",
    "opened_by",
    "paper_key_map",
    "seal",
    "unseal",
    "verify_header_mac",
    "wrap_file_key",
]
