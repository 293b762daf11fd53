"""Flows that the user brings: checked, kept, used by name, and refused by what is wrong."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file
from skimage.data import astronaut

import proface
from proface.errors import MissingExtraError, ModelError, OutputExistsError, UsageError
from proface.models.cards import FOLDER, find_model, list_models
from proface.models.importer import import_model
from proface.models.store import _load, load_flow

PHOTO = Image.fromarray(astronaut()[:230, 110:340])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    chosen = tmp_path / "models"
    monkeypatch.setenv("PROFACE_MODELS", str(chosen))
    _load.cache_clear()
    return chosen


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    """Those of the shipped model, a little different: a model of their own."""
    shipped = load_file(FOLDER / "keyed.safetensors")
    return {name: (value * np.float32(1.0001)) for name, value in shipped.items()}


@pytest.fixture
def file(weights: dict[str, np.ndarray], tmp_path: Path) -> Path:
    save_file(weights, tmp_path / "mine.safetensors")
    return tmp_path / "mine.safetensors"


def checkpoint(content: object, path: Path) -> Path:
    torch = pytest.importorskip("torch", reason="needs the extra `train`")
    torch.save(content, path)
    return path


def tensors(weights: dict[str, np.ndarray]) -> dict[str, object]:
    torch = pytest.importorskip("torch", reason="needs the extra `train`")
    return {name: torch.from_numpy(value.copy()) for name, value in weights.items()}


def test_imported_weights_protect_and_recover(file: Path, folder: Path, tmp_path: Path) -> None:
    card = import_model(file, "mine")
    assert card == find_model("mine")
    assert [c.name for c in list_models()][-1] == "mine"
    assert (card.kind, card.mode) == ("keyed", "random")
    assert card.digest != find_model("keyed").digest

    key = proface.Key.generate()
    result = proface.protect(PHOTO, key, proface.Options(model="mine"))
    assert (result.header.model_name, result.header.model_sha256) == ("mine", card.digest)
    result.save(tmp_path / "p.png")
    error = np.asarray(proface.recover(tmp_path / "p.png", key).image).astype(int) - np.asarray(
        PHOTO
    )
    assert np.square(error).mean() < 255**2 / 10**3.5


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_published_checkpoint_is_the_same_model(
    weights: dict[str, np.ndarray], file: Path, tmp_path: Path, wrapped: bool
) -> None:
    content: dict[str, object] = {f"module.{n}": value for n, value in tensors(weights).items()}
    saved = checkpoint(
        {"net": content, "opt": {"state": {}}} if wrapped else content, tmp_path / "c.pth"
    )
    card = import_model(saved, "theirs", "obfuscated")
    assert card.mode == load_flow("theirs").mode == "obfuscated"
    assert card.digest == import_model(file, "mine").digest


def test_a_file_names_the_model_that_it_needs(file: Path, folder: Path, tmp_path: Path) -> None:
    key = proface.Key.generate()
    card = import_model(file, "mine")
    saved = tmp_path / "p.png"
    proface.protect(PHOTO, key, proface.Options(model="mine")).save(saved)
    for part in folder.iterdir():
        part.unlink()
    with pytest.raises(ModelError, match="proface models import FILE --name mine") as caught:
        proface.recover(saved, key)
    assert card.digest[:12] in str(caught.value)
    # Under another name it is the same model.
    import_model(file, "elsewhere")
    assert proface.recover(saved, key).image.size == PHOTO.size
    # Another model under its name is not.
    save_file({n: v + 1 for n, v in load_file(file).items()}, tmp_path / "other.safetensors")
    (folder / "elsewhere.json").unlink()
    import_model(tmp_path / "other.safetensors", "mine")
    with pytest.raises(ModelError, match="another model 'mine'"):
        proface.recover(saved, key)


def test_what_does_not_fit_is_named_and_nothing_is_kept(
    weights: dict[str, np.ndarray], folder: Path, tmp_path: Path
) -> None:
    wrong = dict(weights)
    missing, shaped, broken, *_rest = wrong
    del wrong[missing]
    wrong["extra.bias"] = np.zeros(3, np.float32)
    wrong[shaped] = np.zeros((2, 3), np.float32)
    wrong[broken] = np.full_like(weights[broken], np.nan)
    paths = [tmp_path / "w.safetensors", checkpoint(tensors(wrong), tmp_path / "w.pth")]
    save_file(wrong, paths[0])
    for path in paths:
        with pytest.raises(ModelError) as caught:
            import_model(path, "mine")
        for part in (
            path.name,
            f"missing: {missing}",
            "unexpected: extra.bias",
            f"{shaped} is 2x3, not ",
            f"not finite: {broken}",
        ):
            assert part in str(caught.value)
    assert not folder.exists()


class Trap:
    """Pickled code, as any checkpoint may hold."""

    def __reduce__(self) -> tuple[object, ...]:
        return exec, ("import os; os.environ['RAN'] = '1'",)


def test_code_in_a_checkpoint_never_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAN", raising=False)
    for content in (Trap(), {"net": Trap()}):
        with pytest.raises(ModelError, match="convert it apart"):
            import_model(checkpoint(content, tmp_path / "trap.pth"), "mine")
    assert "RAN" not in os.environ


@pytest.mark.parametrize("ending", ["pth", "safetensors", "json"])
@pytest.mark.parametrize(
    "content", [b"", b"no model", b"PK\x03\x04 cut", b"\x10" + bytes(7) + b"{"]
)
def test_what_is_no_model_is_refused_by_name(
    content: bytes, ending: str, folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / f"broken.{ending}"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=rf"broken\.{ending}"):
        import_model(path, "mine")
    assert not folder.exists()


def test_a_truncated_file_is_refused(file: Path, weights: dict[str, np.ndarray]) -> None:
    cut = checkpoint(tensors(weights), file.with_name("cut.pth"))
    for path in (file, cut):
        path.write_bytes(path.read_bytes()[:-1000])
        with pytest.raises(ModelError, match="damaged"):
            import_model(path, "mine")


@pytest.mark.parametrize(
    "name", ["padded", "Keyed", "padded-obfuscated", "simswap", "", "../x", "a b", "x" * 65, "-x"]
)
def test_names_that_cannot_be_had_are_refused(file: Path, folder: Path, name: str) -> None:
    with pytest.raises(UsageError):
        import_model(file, name)
    assert not folder.exists()


def test_a_card_that_takes_a_shipped_name_is_not_taken(file: Path, folder: Path) -> None:
    import_model(file, "mine")
    facts = json.loads((folder / "mine.json").read_text())
    (folder / "padded.json").write_text(json.dumps(facts | {"name": "padded"}))
    assert find_model("padded").is_shipped


def test_nothing_is_overwritten_silently(file: Path, weights: dict[str, np.ndarray]) -> None:
    first = import_model(file, "mine")
    save_file({n: v + 1 for n, v in weights.items()}, file)
    with pytest.raises(OutputExistsError, match="`overwrite`"):
        import_model(file, "mine")
    assert load_flow("mine").digest == first.digest
    assert import_model(file, "mine", overwrite=True).digest != first.digest


def test_a_card_brings_a_whole_model(folder: Path, tmp_path: Path) -> None:
    """As `proface train` leaves it, or from another machine: here a shipped one, renamed."""
    padded = import_model(FOLDER / "padded-obfuscated.json", "mine")
    assert (padded.kind, padded.mode) == ("padded", "obfuscated")
    assert padded.digest == find_model("padded").digest
    keyed = import_model(FOLDER / "keyed.json", "ours")
    assert keyed.digest == find_model("keyed").digest
    assert keyed.facts["trained_on"]
    x = np.asarray(PHOTO)[:48, :64].copy()
    for name in ("mine", "ours"):
        key, nonce = proface.Key.generate(), bytes(16)
        flow = load_flow(name)
        error = flow.recover(flow.protect(x, x, key, nonce)[0], key, nonce).astype(int) - x
        assert np.square(error).mean() < 255**2 / 10**3.5
    with pytest.raises(UsageError, match="random"):
        import_model(FOLDER / "padded.json", "another", "obfuscated")


def test_a_card_without_its_files_is_refused(file: Path, folder: Path, tmp_path: Path) -> None:
    import_model(file, "mine")
    alone = tmp_path / "mine.json"
    alone.write_bytes((folder / "mine.json").read_bytes())
    with pytest.raises(ModelError, match=r"mine\.weights\.safetensors: the model file is missing"):
        import_model(alone, "again")


def test_without_torch_a_checkpoint_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.pth"
    path.write_bytes(b"PK\x03\x04 anything")
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r'pip install "proface\[train\]"'):
        import_model(path, "mine")
