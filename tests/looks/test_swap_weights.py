"""Checkpoints brought by the user: imported, refused by name, and used by their looks."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from proface.cli import app
from proface.errors import MissingExtraError, ModelError, OutputExistsError
from proface.faces import detect
from proface.faces.model_files import model_file
from proface.inference.user_folder import models_folder, weights_file
from proface.looks import get_look, obfuscate
from proface.looks.swaps import apply
from proface.looks.swaps import load_weights as weights
from proface.looks.swaps.import_weights import NETWORKS, import_checkpoint, network
from proface.looks.swaps.load_weights import load_network
from tests.astronaut import PHOTO

SMALL = "simswap-identity"  # with one unit a stage, the smallest network that there is


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    chosen = tmp_path / "models"
    chosen.mkdir()
    monkeypatch.setenv("PROFACE_MODELS", str(chosen))
    weights._load.cache_clear()
    apply._identity.cache_clear()
    yield chosen
    for file in tmp_path.rglob("*.*"):  # hundreds of megabytes that nobody needs any more
        if file.suffix in {".pth", ".safetensors"}:
            file.unlink()


@pytest.fixture(scope="module")
def state():
    names = {f"layer{stage}.0.conv1.weight": None for stage in (1, 2, 3, 4)}
    empty = network(SMALL, names).state_dict()
    return {name: torch.zeros(value.shape, dtype=value.dtype) for name, value in empty.items()}


def saved(content: object, path) -> object:
    torch.save(content, path)
    return path


@pytest.fixture
def target(tmp_path):
    path = tmp_path / "face.png"
    Image.fromarray(PHOTO[:, ::-1].copy()).save(path)
    return path


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_state_dict_is_imported_and_loads(state, tmp_path, folder, wrapped):
    # As saved by half of the programs: from several GPUs, in half precision, without counters.
    content = {
        f"module.{name}": value.half() if value.is_floating_point() else value
        for name, value in state.items()
        if not name.endswith("num_batches_tracked")
    }
    file = saved({"state_dict": content, "epoch": 3} if wrapped else content, tmp_path / "c.pth")

    written = import_checkpoint(file, SMALL)

    assert written == folder / f"{SMALL}.safetensors" == weights_file(SMALL)
    loaded = load_network(SMALL)
    assert list(loaded.state_dict()) == list(state)
    assert loaded.fc.weight.dtype == torch.float32
    assert not loaded.training
    with pytest.raises(OutputExistsError):
        import_checkpoint(file, SMALL)
    import_checkpoint(file, SMALL, overwrite=True)


def test_what_does_not_fit_is_named_and_nothing_is_written(state, tmp_path, folder):
    wrong = dict(state)
    del wrong["fc.weight"]
    wrong["extra.bias"] = torch.zeros(3)
    wrong["bn1.weight"] = torch.zeros(32)
    wrong["bn1.bias"] = torch.full((64,), torch.nan)

    with pytest.raises(ModelError) as raised:
        import_checkpoint(saved(wrong, tmp_path / "wrong.pth"), SMALL)

    for part in (
        "wrong.pth",
        "missing: fc.weight",
        "unexpected: extra.bias",
        "bn1.weight is 32, not 64",
        "not finite: bn1.bias",
        "SimSwap's identity encoder",
    ):
        assert part in str(raised.value)
    assert not list(folder.iterdir())


class Trap:
    """Pickled code, as any checkpoint may hold."""

    def __reduce__(self):
        return exec, ("import os; os.environ['RAN'] = '1'",)


@pytest.mark.parametrize("content", [Trap(), {"state_dict": Trap()}, torch.nn.Linear(2, 2)])
def test_a_pickled_module_is_refused_unread(content, tmp_path, monkeypatch):
    monkeypatch.delenv("RAN", raising=False)

    with pytest.raises(ModelError, match=r"convert it apart.*state_dict\(\)") as raised:
        import_checkpoint(saved(content, tmp_path / "module.tar"), SMALL)

    assert "module.tar" in str(raised.value)
    assert "RAN" not in os.environ


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_refused_by_name(content, tmp_path):
    file = tmp_path / "cut.pth"
    file.write_bytes(content)

    with pytest.raises(ModelError, match=r"cut\.pth"):
        import_checkpoint(file, SMALL)


@pytest.mark.parametrize("content", [[], {}, {"a": 3}, torch.zeros(3)])
def test_what_is_no_state_dict_is_refused(content, tmp_path):
    with pytest.raises(ModelError, match="no state dict"):
        import_checkpoint(saved(content, tmp_path / "other.pth"), SMALL)


def test_a_missing_file_and_an_unknown_network_are_named(tmp_path):
    with pytest.raises(ModelError, match=r"none\.pth.*No such file"):
        import_checkpoint(tmp_path / "none.pth", SMALL)
    with pytest.raises(ModelError, match=", ".join(NETWORKS)):
        import_checkpoint(tmp_path / "none.pth", "simswap512")


@pytest.mark.parametrize("look", ["simswap", "faceshifter"])
def test_without_weights_it_says_which_file_to_bring(look, target, folder):
    with pytest.raises(ModelError) as raised:
        get_look(f"{look}:{target}")

    assert f"proface models import FILE --as {look}" in str(raised.value)
    assert str(folder) in str(raised.value)


@pytest.mark.parametrize("look", ["simswap", "faceshifter"])
def test_without_torch_it_says_what_to_install(look, target, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)

    with pytest.raises(MissingExtraError, match=r"proface\[swap\]"):
        get_look(f"{look}:{target}")


def test_altered_weights_are_refused():
    weights_file("simswap").write_bytes(b"none")

    with pytest.raises(ModelError, match="Import it again"):
        load_network("simswap")


def test_the_folder_is_the_user_s_data_folder_unless_named(monkeypatch, tmp_path):
    monkeypatch.delenv("PROFACE_MODELS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))

    assert models_folder() == tmp_path / "proface" / "models"


def test_the_face_networks_stay_the_shipped_ones():
    weights_file("simswap").write_bytes(b"")

    assert model_file("yunet").is_file()


class Inverting(torch.nn.Module):
    """In place of a generator: the negative, so that what it was given can be told."""

    def forward(self, face, identity):
        assert identity.shape == (1, 512)
        self.seen = face
        return 1 - face if face.min() >= 0 else -face


class Naming(torch.nn.Module):
    """In place of an encoder."""

    def forward(self, face):
        assert face.shape == (1, 3, 112, 112)
        self.seen = face
        return torch.arange(512.0)[None]


@pytest.mark.parametrize(("look", "side"), [("simswap", 224), ("faceshifter", 256)])
def test_a_network_is_fed_as_published_and_its_face_laid_back(look, side, target, monkeypatch):
    generator, encoder = Inverting(), Naming()
    networks = {look: generator, f"{look}-identity": encoder}
    monkeypatch.setattr(weights, "load_network", networks.__getitem__)
    monkeypatch.setattr(weights, "require_weights", lambda name: None)
    faces = detect(PHOTO)

    out = obfuscate(PHOTO, f"{look}:{target}", faces)

    assert generator.seen.shape == (1, 3, side, side)
    low, high = (0, 1) if look == "simswap" else (-1, 1)
    assert low <= generator.seen.min() < generator.seen.max() <= high
    assert encoder.seen.min() < -0.9
    assert str(get_look(f"{look}:{target}")) == f"{look}:custom"
    box = faces[0].box
    rows = slice(box.y + box.h // 3, box.y + 2 * box.h // 3)
    columns = slice(box.x + box.w // 3, box.x + 2 * box.w // 3)
    # The negative of the face, in its very place: but for two resamplings.
    assert (
        np.abs(out[rows, columns].astype(int) - (255 - PHOTO[rows, columns].astype(int))).mean() < 8
    )
    assert (out[-40:] == PHOTO[-40:]).all()


def test_models_import_tells_where_the_weights_are(state, tmp_path, folder):
    from typer.testing import CliRunner

    saved(state, tmp_path / "arcface.pth")

    done = CliRunner().invoke(
        app, ["models", "import", str(tmp_path / "arcface.pth"), "--as", SMALL]
    )

    assert done.exit_code == 0, done.output
    assert str(folder / f"{SMALL}.safetensors") in done.output.replace("\n", "")
