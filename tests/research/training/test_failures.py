"""Each way in which training can fail from outside: named, with what to do, and nothing spoiled."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from proface.errors import UsageError
from proface.research.networks.keyed_flow import KeyedFlow
from proface.research.training.settings import Settings, gather
from tests.research.training.conftest import run

Train = Callable[..., "subprocess.CompletedProcess[str]"]


def refused(result: subprocess.CompletedProcess[str], code: int, *reasons: str) -> None:
    assert result.returncode == code, result
    assert result.stderr.count("\n") == 1, result.stderr
    for reason in reasons:
        assert reason in result.stderr


def test_a_full_disk_and_a_damaged_image_in_the_middle(
    train: Train, faces: Path, tmp_path: Path
) -> None:
    """A limit on the size of files stands for the disk. The optimizer has no state at step 0."""
    data, out = tmp_path / "faces", tmp_path / "run"
    shutil.copytree(faces, data)
    for name in ("03", "05"):
        (data / f"{name}.png").write_bytes((data / f"{name}.png").read_bytes()[:700])
    args = ("--data", data, "--steps", 4, "--out", out)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (12_000_000, 12_000_000))

    full = train(*args, preexec_fn=limit)

    assert full.returncode == 1
    assert "cannot be written" in full.stderr.splitlines()[-1]
    assert "the same command resumes" in full.stderr
    named = [line for line in full.stderr.splitlines() if "skipped" in line]
    assert len(named) == len(set(named)) >= 1
    assert all("03.png" in line or "05.png" in line for line in named)
    state = torch.load(out / "checkpoint.pt", weights_only=True)
    assert state["progress"]["step"] == 0
    assert not [p for p in out.iterdir() if p.name.startswith(".proface-")]

    again = train(*args)
    assert again.returncode == 0, again.stderr
    assert torch.load(out / "checkpoint.pt", weights_only=True)["progress"]["step"] == 4


def test_weights_of_another_shape(train: Train, tmp_path: Path) -> None:
    state = KeyedFlow(2).state_dict()
    first = next(iter(state))
    state[first] = torch.zeros(1, 2, 3, 3)
    save_file(state, tmp_path / "other.safetensors")

    result = train("--start", tmp_path / "other.safetensors", "--out", tmp_path / "run")

    refused(result, 1, "other.safetensors", "missing: model.inv_blocks.2", "is 1x2x3x3, not")


def test_a_folder_without_images(train: Train, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no image")

    refused(train("--data", tmp_path / "empty", "--out", tmp_path / "run"), 2, "No images below")


def test_a_missing_extra_names_the_command_that_installs_it(faces: Path, tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['torch'] = None\n"
        f"sys.argv = ['proface', 'train', '--data', {str(faces)!r}, '--out', {str(tmp_path)!r}]\n"
        "from proface.__main__ import main\nmain()\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    refused(result, 1, 'pip install "proface[train]"')


def test_a_config_file_is_read_and_options_win(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text('data = ["faces"]\nout = "run"\nrate = 1\nweight-decay = 0.5\nsteps = 7\n')

    settings = gather({"steps": 9, "rate": None}, path)

    assert settings.data == (tmp_path / "faces",)
    assert settings.out == tmp_path / "run"
    assert (settings.steps, settings.rate, settings.weight_decay) == (9, 1.0, 0.5)
    assert settings.crop == 128  # of the recipe


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("stesp = 5", "unknown key 'stesp'"),
        ("steps = 'many'", "give a whole number"),
        ("steps = true", "give a whole number"),
        ("steps = 1.5", "give a whole number"),
        ("data = 3", "a path or a list of paths"),
        ("steps = ", "not valid TOML"),
        ("flow = 'other'", "keyed or padded"),
        ("mode = 'none'", "random or obfuscated"),
        ("steps = 0", "--steps 0: give 1 or more"),
        ("rate = 0.0", "--rate"),
        ("rate = nan", "--rate"),
        ("crop = 33", "multiple of 2"),
        ("loss = 'psnr'", "paper or pixels"),
        ("identity = 0.1", "--crop 0"),
        ("gender = 0.1\ncrop = 0", "--gender-head"),
        ("name = '../x'", "--name"),
        ("flow = 'padded'\nrecipe = 'paper'", "give quick"),
    ],
)
def test_bad_configuration_is_named(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "run.toml"
    path.write_text(f'{line}\nout = "run"\n' + ("" if "data" in line else 'data = "faces"\n'))

    with pytest.raises(UsageError) as caught:
        gather({}, path)
    assert reason in str(caught.value)


def test_bad_configuration_ends_a_process_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text("stesp = 5\n")

    refused(run("train", "--config", tmp_path / "run.toml"), 2, "run.toml", "stesp", "steps")
    refused(run("train", "--config", tmp_path / "absent.toml"), 2, "absent.toml")


def test_the_papers_recipe_is_the_papers() -> None:
    found = gather({"recipe": "paper", "data": (Path("x"),), "out": Path("y")})

    assert (found.rate, found.weight_decay, found.batch) == (1e-5, 1e-5, 6)
    assert (found.size, found.crop, found.loss, found.look) == (256, 0, "paper", "hybridAll")
    assert (found.average, found.schedule) == (0, "constant")
    assert isinstance(found, Settings)
    assert json.dumps(found.identity_of_run())
