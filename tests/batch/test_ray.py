"""A Ray cluster of two nodes, one of which is killed, on an S3 server that fails now and then."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="needs proface[cluster]")
pytest.importorskip("s3fs", reason="needs proface[cluster]")
pytest.importorskip("moto", reason="needs moto's S3 server")

from proface import recover
from proface.batch import BatchKeys, ProtectBytes, Settings, protect_stores
from proface.batch.manifest import FOLDER
from proface.batch.ray_cluster import share_keys
from proface.batch.stores import open_store, patiently, read, write
from proface.container.header import Header
from proface.container.storage import find_header
from proface.keys import KdfParameters, Key
from tests.batch.conftest import portrait, s3_server
from tests.batch.processes import contains, descendants, memory, name, told_in_public

PASSWORD = "Fünf sehr geheime Wörter hier"
PHOTOS, BAD_EVERY = 40, 20
STORE_MEMORY = 80 << 20  # the least that Ray takes


class Nodes:
    """Ray on this machine: two nodes, each with one core."""

    def __init__(self, folder: str) -> None:
        from ray.cluster_utils import Cluster

        self.folder = folder
        node = {"num_cpus": 1, "object_store_memory": STORE_MEMORY}
        self.cluster = Cluster(
            initialize_head=True, head_node_args={**node, "include_dashboard": False}
        )
        self.second = self.cluster.add_node(**node)


@pytest.fixture(scope="module")
def nodes(store):
    """A running cluster; a failure to start it is an error, not a skip."""
    import ray

    folder = tempfile.mkdtemp(prefix="r", dir="/tmp")  # sockets' paths must be short
    os.makedirs(f"{folder}/ray")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_TMPDIR", folder)
        # Ray writes it there itself for its own later calls.
        patch.delenv("RAY_ADDRESS", raising=False)
        started = Nodes(folder)
        try:
            ray.init(address=started.cluster.address, log_to_driver=False, logging_level="ERROR")
            yield started
        finally:
            ray.shutdown()
            started.cluster.shutdown()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def store():
    """A bucket with photos, one in 20 broken, on a server that fails one request in 20."""
    with s3_server(every=20):
        bucket = open_store("s3://archive")
        patiently(bucket.fs.mkdir, "archive")
        for n in range(PHOTOS):
            data = b"no photo" if n % BAD_EVERY == 7 else portrait(n)
            write(bucket, f"s3://archive/in/{n % 4}/{n:02}.png", data)
        yield bucket


def manifest(store, output):
    lines = []
    for path in patiently(store.fs.ls, f"{output.removeprefix('s3://')}/{FOLDER}", detail=False):
        lines += read(store, f"s3://{path}").splitlines()
    return [json.loads(line) for line in lines]


def test_a_node_dies_and_the_store_fails_but_each_photo_is_done_once(nodes, store, tmp_path):
    key, output = Key.from_password(PASSWORD), "s3://archive/out"
    outcomes = []
    running = protect_stores(["s3://archive/in"], output, key, Settings(), engine="ray")
    for outcome in running:
        outcomes.append(outcome)
        if len(outcomes) == 6:
            nodes.cluster.remove_node(nodes.second, allow_graceful=False)

    good = [f"s3://archive/in/{n % 4}/{n:02}.png" for n in range(PHOTOS) if n % BAD_EVERY != 7]
    assert Counter(o.source for o in outcomes if o.status == "protected") == Counter(good)
    failed = {o.source: o for o in outcomes if o.status == "failed"}
    assert set(failed) == {"s3://archive/in/3/07.png", "s3://archive/in/3/27.png"}
    assert len(outcomes) == PHOTOS
    for source, outcome in failed.items():
        assert outcome.code == 1
        assert str(outcome.error).startswith(f"{source}: this is not an image")

    records = manifest(store, output)
    assert Counter(r["input"] for r in records) == Counter([*good, *failed])
    for record in records:
        if record["status"] == "failed":
            assert record["error_type"] == "UnsupportedImageError"
            continue
        data = read(store, record["output"])
        assert hashlib.sha256(data).hexdigest() == record["output_sha256"]
        assert record["regions"][0]["psnr"] > 30
        assert record["seconds"] > 0
    objects = patiently(store.fs.find, "archive/out", withdirs=False)
    pictures = [path for path in objects if FOLDER not in path]
    assert sorted(pictures) == sorted(
        r["output"].removeprefix("s3://") for r in records if r["output"]
    )
    (tmp_path / "one.png").write_bytes(data)
    assert recover(tmp_path / "one.png", key).exact is False

    # The next run finds nothing to do, on whichever engine.
    before = patiently(store.fs.find, "archive/out", detail=True)
    again = list(protect_stores(["s3://archive/in"], output, key, Settings()))
    assert Counter(o.status for o in again) == {"skipped": len(good), "failed": len(failed)}
    assert {o.source: str(o.error) for o in again if o.error} == {
        source: str(outcome.error) for source, outcome in failed.items()
    }
    assert patiently(store.fs.find, "archive/out", detail=True) == before

    # A file that was altered or removed since is done again, and so is a changed photo.
    altered, removed, changed = records_of(records, 3)
    write(store, altered["output"], b"altered", overwrite=True)
    patiently(store.fs.rm_file, removed["output"].removeprefix("s3://"))
    write(store, changed["input"], portrait(200), overwrite=True)
    third = list(protect_stores(["s3://archive/in"], output, key, Settings()))
    done = {o.source for o in third if o.status == "protected"}
    assert done == {altered["input"], removed["input"], changed["input"]}


def records_of(records, number):
    return sorted(
        (record for record in records if record["status"] == "protected"),
        key=lambda record: record["input"],
    )[:number]


def test_no_secret_is_told_anywhere(nodes, store, tmp_path):
    key, output = Key.from_password(PASSWORD), "s3://archive/secret"
    running = protect_stores(["s3://archive/in/0"], output, key, Settings(), engine="ray")
    first = next(outcome for outcome in running if outcome.status == "protected")
    # The workers are up, and have the keys.
    (tmp_path / "one.png").write_bytes(read(store, str(first.output)))
    header = Header.from_bytes(find_header(tmp_path / "one.png"), "one.png")
    master = key.master(KdfParameters.from_json(header.stanzas[0]["kdf"]))
    secrets = {
        "password": PASSWORD.encode(),
        "password in JSON": json.dumps(PASSWORD)[1:-1].encode(),
        "master key": master,
        "master key in hex": master.hex().encode(),
        "master key in base64": base64.b64encode(master)[:-2],
        "master key as Python writes it": repr(master)[2:-1].encode(),
    }
    processes = descendants()
    workers = [pid for pid in processes if name(pid).startswith("ray::Worker")]
    servers = [pid for pid in processes if "gcs_server" in name(pid) or "raylet" in name(pid)]
    assert len(workers) == 1  # on the node that is left
    assert len(servers) == 2

    found = {pid: contains(told_in_public(pid), secrets) for pid in processes}
    assert {name(pid): what for pid, what in found.items() if what} == {}
    # Only a worker's own memory has the master key, which also shows that the search finds it, and
    # none has the password. Raylets hold the object store, the control server all that a
    # dashboard shows.
    for pid in workers:
        assert contains(memory(pid), secrets) == {"master key"}
    for pid in servers:
        assert contains(memory(pid), secrets) == set(), name(pid)

    rest = list(running)
    assert all(outcome.error is None for outcome in rest)
    files = [path for path in Path(nodes.folder).rglob("*") if path.is_file()]
    assert any(path.suffix == ".log" for path in files)
    for path in files:  # logs, spilled objects, whatever Ray keeps
        assert contains([path.read_bytes()], secrets) == set(), path
    for path in patiently(store.fs.find, "archive"):
        assert contains([read(store, f"s3://{path}")], secrets) == set(), path


def test_a_pipeline_of_ones_own_gets_keys_from_an_actor(nodes, photo):
    import ray

    keys = BatchKeys.derive(Key.from_password(PASSWORD))
    shared = share_keys(keys)
    master = keys.export()[0][2]
    assert master not in ray.cloudpickle.dumps(shared)

    actor = ray.remote(num_cpus=1)(ProtectBytes).remote(shared, Settings())
    batch = {"bytes": [photo, b"broken"], "name": ["a.png", "b.png"], "id": [1, 2]}
    result = ray.get(actor.__call__.remote(batch), timeout=300)
    good, bad = (json.loads(text) for text in result["record"])
    assert good["status"] == "protected"
    assert bad["code"] == 1
    assert result["bytes"][1] is None
    assert result["id"] == [1, 2]
