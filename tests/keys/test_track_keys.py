"""Keys of single faces in a video."""

from __future__ import annotations

import itertools
import pickle
from pathlib import Path

import pytest

from proface.errors import DamagedFileError, UsageError
from proface.keys import Key, TrackKey, TrackKeys, load_key_file, seal, unseal

FILE_KEY, VIDEO = bytes(range(32)), bytes(16)


def test_every_use_has_a_key_of_its_own() -> None:
    tracks = [TrackKey.derive(FILE_KEY, VIDEO, n) for n in range(4)]
    keys = [track.secret for track in tracks]
    keys += [track.chunk_key(number) for track in tracks for number in range(5)]
    keys += [
        track.frame_key(frame, model="m", height=h, width=w, salt=bytes([s]) * 16)
        for track, frame, h, w, s in itertools.product(
            tracks, range(5), (32, 48), (32, 48), range(2)
        )
    ]
    assert len(set(keys)) == len(keys)


def test_saved_and_read_again(tmp_path: Path) -> None:
    keys = TrackKeys([TrackKey.derive(FILE_KEY, VIDEO, n) for n in (1, 3)])
    keys.save(tmp_path / "key")
    back = load_key_file(tmp_path / "key")
    assert isinstance(back, TrackKeys)
    assert back.tracks == keys.tracks
    assert back.describe() == "faces 1, 3"
    assert keys.tracks[0].secret.hex() not in repr(keys.tracks[0])
    with pytest.raises(TypeError):
        pickle.dumps(keys.tracks[0])
    with pytest.raises(UsageError, match="single faces"):
        Key.from_file(tmp_path / "key")


def test_a_typing_error_is_told(tmp_path: Path) -> None:
    TrackKeys([TrackKey.derive(FILE_KEY, VIDEO, 1)]).save(tmp_path / "key")
    text = (tmp_path / "key").read_text().replace("AAAA", "AAAB", 1)
    (tmp_path / "other").write_text(text)
    with pytest.raises(DamagedFileError):
        load_key_file(tmp_path / "other")


def test_a_seal_holds_what_is_associated() -> None:
    sealed = seal(FILE_KEY, b"face", b"place")
    assert unseal(FILE_KEY, sealed, b"place") == b"face"
    for other in (b"Place", b"", None):
        with pytest.raises(DamagedFileError):
            unseal(FILE_KEY, sealed, other)
