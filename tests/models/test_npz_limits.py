"""A model's archive of arrays is measured by what it declares, before it is unpacked."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.lib import format as npy

from proface.errors import ModelError
from proface.models.cards import FOLDER, list_models
from proface.models.importer import import_model


def archive(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return file.getvalue()


def array(shape: tuple[int, ...], body: bytes, dtype: str = "|i1") -> bytes:
    """An array in NumPy's format that states any shape."""
    file = io.BytesIO()
    npy.write_array_header_1_0(file, {"descr": dtype, "fortran_order": False, "shape": shape})
    return file.getvalue() + body


def model(folder: Path, data: bytes) -> Path:
    """The card of a padded model with these bytes as its codebook."""
    facts = json.loads((FOLDER / "padded.json").read_text())
    for entry in facts["files"].values():
        shutil.copy(FOLDER / entry["name"], folder)
    facts["name"] = "hostile"
    facts["files"]["codebook"] = {
        "name": "hostile.npz",
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    (folder / "hostile.npz").write_bytes(data)
    (folder / "hostile.json").write_text(json.dumps(facts))
    return folder / "hostile.json"


BIG = 200 << 20
HOSTILE = {
    "200 MB of zeros": {"radices.npy": array((BIG,), bytes(BIG))},
    "a shape of a terabyte": {"radices.npy": array((1 << 40,), bytes(100))},
    "a shape beyond any number": {"radices.npy": array((1 << 62, 1 << 62), b"")},
    "a negative shape": {"radices.npy": array((-1,), b"")},
    "many small ones": {f"a{n}.npy": array((1 << 20,), bytes(1 << 20)) for n in range(9)},
    "an object": {"radices.npy": array((1,), bytes(8), "|O")},
    "no array": {"radices.npy": b"hello"},
}


@pytest.mark.parametrize("members", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_archive_is_refused_for_little_memory(members, tmp_path, monkeypatch):
    monkeypatch.setenv("PROFACE_MODELS", str(tmp_path / "models"))
    card = model(tmp_path, archive(members))
    tracemalloc.start()
    try:
        with pytest.raises(ModelError, match=r"hostile\.npz"):
            import_model(card)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
    assert not list((tmp_path / "models").glob("*"))


def test_no_archive_at_all_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("PROFACE_MODELS", str(tmp_path / "models"))
    for data in (b"", b"PK", bytes(1000)):
        with pytest.raises(ModelError, match="not an archive"):
            import_model(model(tmp_path, data))


def test_what_is_shipped_is_far_below_the_limit():
    for card in list_models():
        for part in card.files:
            if card.path(part).suffix == ".npz":
                with np.load(io.BytesIO(card.read(part))) as arrays:
                    assert sum(arrays[name].nbytes for name in arrays.files) < 2 << 20
