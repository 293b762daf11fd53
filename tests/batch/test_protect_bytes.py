"""Bytes in, bytes and a record out; keys of a batch; a manifest; names that never make a list."""

from __future__ import annotations

import copy
import gc
import hashlib
import json
import os
import pickle
import tempfile
from pathlib import Path

import pytest

from proface import recover
from proface.batch import BatchKeys, ProtectBytes, Settings
from proface.errors import UsageError, WrongPasswordError
from proface.keys import BatchKey, KdfParameters, Key
from proface.media.memory_folder import PREFIX
from proface.options import Options
from tests.batch.conftest import pixels, portrait

KEY = Key.from_password("correct horse")
KEYS = BatchKeys.derive(KEY)


def leftovers():
    places = {"/dev/shm", tempfile.gettempdir()}
    return [path for place in places for path in Path(place).glob(f"{PREFIX}{os.getpid()}-*")]


def test_bytes_become_bytes_and_a_record(tmp_path):
    protector = ProtectBytes(lambda: KEYS)
    jpeg = portrait(1, "JPEG")
    batch = {"bytes": [portrait(1), jpeg, b"broken"], "name": ["s3://b/a.png", "b.jpg", "c.png"]}
    result = protector({**batch, "id": [7, 8, 9]})
    assert result["id"] == [7, 8, 9]
    png, jpg, nothing = result["bytes"]
    assert nothing is None
    records = [json.loads(text) for text in result["record"]]
    for record, before, after in zip(records[:2], batch["bytes"], (png, jpg), strict=False):
        assert record["status"] == "protected"
        assert record["input_sha256"] == hashlib.sha256(before).hexdigest()
        assert record["output_sha256"] == hashlib.sha256(after).hexdigest()
    assert records[2]["code"] == 1
    assert records[2]["error"].startswith("c.png: ")
    assert tempfile.gettempdir() not in result["record"][2]
    assert "/dev/shm" not in result["record"][2]

    # The password itself opens what its batch key protected.
    (tmp_path / "p.jpg").write_bytes(jpg)
    (tmp_path / "p.png").write_bytes(png)
    assert (pixels(jpeg) == recover(tmp_path / "p.jpg", KEY).image).all()
    assert recover(tmp_path / "p.png", KEY).faces
    with pytest.raises(WrongPasswordError):
        recover(tmp_path / "p.png", Key.from_password("wrong"))
    assert leftovers() == []


def test_settings_decide_the_format_and_are_checked():
    assert Settings().suffix("a.JPEG") == ".jpg"
    assert Settings().suffix("a.webp") == ".png"
    assert Settings(format="webp").suffix("a.jpg") == ".webp"
    assert Settings(Options(deniable=True)).suffix("a.jpg") == ".png"
    with pytest.raises(UsageError, match="format"):
        Settings(format="gif")
    with pytest.raises(UsageError, match="deniable"):
        ProtectBytes(lambda: KEYS, Settings(Options(deniable=True, exact=True)))


def test_the_settings_digest_tells_options_apart_but_not_devices():
    assert Settings().digest() != Settings(Options(look="blur")).digest()
    assert Settings().digest() == Settings(device="openvino").digest()


def test_a_batch_key_protects_its_batch_and_tells_nothing(tmp_path):
    kdf = KdfParameters.fresh()
    key = BatchKey.derive(KEY, kdf)
    again = BatchKey.load(key.export())
    assert again.master(kdf) == KEY.master(kdf)
    with pytest.raises(UsageError, match="one batch"):
        again.master(KdfParameters.fresh())
    for copying in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            copying(key)
    with pytest.raises(UsageError, match="not saved"):
        key.save(tmp_path / "key")
    assert kdf.salt.hex() not in repr(key)
    assert b"correct horse" not in pickle.dumps(key.export())
    with pytest.raises(UsageError):
        BatchKey.derive(Key.paper("weak"), kdf)


def test_a_key_file_has_batch_keys_too(tmp_path):
    key = Key.generate()
    protector = ProtectBytes(lambda: BatchKeys.load(BatchKeys.derive(key, [KEY]).export()))
    made, outcome = protector.protect(portrait(2), "a.png")
    assert outcome.error is None
    (tmp_path / "a.png").write_bytes(made)
    for one in (key, KEY):
        assert recover(tmp_path / "a.png", one).faces


def test_names_jobs_and_outcomes_stream():
    """Of 10,000 photos in ten folders no more than some hundred jobs are ever alive."""
    fsspec = pytest.importorskip("fsspec", reason="needs proface[cluster]")
    from benchmarks.simulated_store import SimulatedStore

    from proface.batch.manifest import open_index
    from proface.batch.objects import StoreJob
    from proface.batch.records import Outcome
    from proface.batch.store_batch import plan
    from proface.batch.stores import Store, open_store
    from proface.batch.threads import run_in_threads

    fsspec.register_implementation("simulated", SimulatedStore, clobber=True)
    most = done = 0
    with open_index() as index:
        jobs = plan(
            ["simulated://10/1000"],
            Store(SimulatedStore(), "/out", "simulated://out"),
            Settings(),
            index,
        )
        for _ in run_in_threads(jobs, lambda job: Outcome(job.source, None, "skipped"), 2):
            done += 1
            if done % 1000 == 0:
                alive = sum(isinstance(thing, StoreJob) for thing in gc.get_objects())
                most = max(most, alive)
    assert done == 10_000
    assert most < 200
    assert open_store("simulated://10/1000").path == "10/1000"
