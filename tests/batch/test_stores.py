"""Stores: whole or absent, nothing replaced unasked, faults outlived, listings in pages."""

from __future__ import annotations

import itertools

import pytest

pytest.importorskip("fsspec", reason="needs proface[cluster]")

from fsspec.implementations.memory import MemoryFileSystem

from proface.batch import listing, stores
from proface.batch.listing import Counted, list_photos
from proface.batch.stores import StoreError, exists, open_store, patiently, read, write
from proface.errors import ImageError, MissingExtraError, OutputExistsError, UsageError

BUCKETS = itertools.count(1)


@pytest.fixture(params=["local", "memory", "s3"])
def store(request, tmp_path):
    """An empty folder on a store of each kind."""
    if request.param == "local":
        yield open_store(str(tmp_path / "folder"))
    elif request.param == "memory":
        yield open_store("memory://folder")
        MemoryFileSystem.store.clear()
        MemoryFileSystem.pseudo_dirs[:] = [""]
    else:
        request.getfixturevalue("s3")
        place = open_store(f"s3://bucket-{next(BUCKETS)}/folder")
        place.fs.mkdir(place.path.split("/")[0])
        yield place


def names(store):
    return sorted(path.rsplit("/", 1)[-1] for path in store.fs.find(store.path))


def test_what_is_written_is_read_and_nothing_else_is_left(store):
    write(store, f"{store.url}/a/b.png", b"bytes")
    assert exists(store, f"{store.url}/a/b.png")
    assert read(store, f"{store.url}/a/b.png") == b"bytes"
    assert names(store) == ["b.png"]


def test_an_object_is_replaced_only_if_asked(store):
    url = f"{store.url}/b.png"
    write(store, url, b"first")
    with pytest.raises(OutputExistsError, match=r"b\.png"):
        write(store, url, b"second")
    assert read(store, url) == b"first"
    write(store, url, b"first")  # the very same: an answer that was lost
    write(store, url, b"third", ours=lambda found: found == b"first")
    assert read(store, url) == b"third"
    write(store, url, b"fourth", overwrite=True)
    assert read(store, url) == b"fourth"
    assert names(store) == ["b.png"]


def test_a_missing_object_is_named(store):
    with pytest.raises(ImageError, match=r"nothing\.png"):
        read(store, f"{store.url}/nothing.png")
    with pytest.raises(ImageError, match="no such file or folder"):
        list(list_photos(store))


def test_a_listing_tells_photos_places_and_sizes(store):
    for place in ("1.png", "sub/2.JPG", "sub/.hidden/3.png", ".4.png", "notes.txt", "out/5.png"):
        write(store, f"{store.url}/{place}", b"12345")
    counted = Counted()
    found = list(list_photos(store, f"{store.path}/out", counted))
    assert {item.place for item in found} == {"1.png", "sub/2.JPG"}
    assert {item.url for item in found} == {f"{store.url}/1.png", f"{store.url}/sub/2.JPG"}
    assert {item.size for item in found} == {5}
    assert counted.others == 1
    one = open_store(f"{store.url}/sub/2.JPG")
    assert [item.place for item in list_photos(one)] == ["2.JPG"]


def test_s3_lists_page_after_page(s3, monkeypatch):
    monkeypatch.setattr(listing, "PAGE", 10)
    store = open_store("s3://pages/in")
    store.fs.mkdir("pages")
    store.fs.pipe({f"pages/in/{n:04}.png": b"" for n in range(33)})
    assert [item.place for item in list_photos(store)] == [f"{n:04}.png" for n in range(33)]


def test_faults_are_tried_again_and_answers_are_not():
    calls = []

    def refuses(times, error):
        calls.append(error)
        if len(calls) <= times:
            raise error
        return "done"

    assert patiently(refuses, 2, OSError("busy")) == "done"
    assert len(calls) == 3
    calls.clear()
    with pytest.raises(FileNotFoundError):
        patiently(refuses, 99, FileNotFoundError("x"))
    assert len(calls) == 1


class Broken(MemoryFileSystem):
    """Fails every write, after half of it."""

    protocol = "broken"
    store: dict = {}  # noqa: RUF012

    def pipe_file(self, path, value, mode="overwrite", **kwargs):
        super().pipe_file(path, value[: len(value) // 2], mode=mode)
        raise OSError("the line is cut")


def test_a_write_that_keeps_failing_leaves_nothing(monkeypatch):
    monkeypatch.setattr(stores, "FIRST_PAUSE", 0)
    store = stores.Store(Broken(), "/folder", "broken://folder")
    with pytest.raises(StoreError, match="the line is cut"):
        write(store, "broken://folder/a.png", b"bytes")
    assert store.fs.find("/folder") == []


@pytest.mark.parametrize(
    ("place", "error", "says"),
    [
        ("s3://me:secret@bucket/in", UsageError, "Credentials"),
        ("nonsense://x", UsageError, "nonsense"),
        ("hdfs://host/x", MissingExtraError, "hdfs"),
    ],
)
def test_a_store_that_cannot_be_used_is_told(place, error, says):
    with pytest.raises(error, match=says) as caught:
        open_store(place)
    assert "secret" not in str(caught.value)
