"""`proface train` as a process: what it leaves, and that it goes on exactly."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from proface.cli import CANCELLED
from tests.cli.stops import ROOT, stopping
from tests.research.training.conftest import OFTEN, QUIET, TINY

Train = Callable[..., "subprocess.CompletedProcess[str]"]


def records(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """All that a run's last checkpoint holds of its network."""
    state = torch.load(folder / "checkpoint.pt", weights_only=True)
    return {**state["network"], **{f"average {k}": v for k, v in state["average"].items()}}


@pytest.fixture(scope="module")
def whole(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of eight steps that nothing interrupted."""
    from tests.research.training.conftest import run

    out = tmp_path_factory.mktemp("runs") / "whole"
    args = (*TINY, *QUIET, *OFTEN, "--look", "basic", "--steps", 8, "--data", faces, "--out", out)
    result = run("train", *args)
    assert result.returncode == 0, result.stderr
    return out


def test_a_run_leaves_a_model_with_a_card_that_says_what_it_is(whole: Path) -> None:
    card = json.loads((whole / "model" / "trained.json").read_text())

    assert card["name"] == "trained"
    assert card["mode"] == "random"
    assert card["trained_on"] == ["faces: 10 images"]
    assert "8 steps of 2 crops of 32 px" in card["training"]
    assert set(card["measured"]["figures"]) == {"validation", "test"}
    model = load_file(whole / "model" / "trained.safetensors")
    best = load_file(whole / "best.safetensors")
    assert model.keys() == best.keys()
    assert all(torch.equal(model[key], best[key]) for key in best)
    assert str(whole) not in json.dumps(card)


def test_a_run_logs_its_steps_and_shows_samples(whole: Path) -> None:
    log = records(whole)
    trained = [r for r in log if "loss" in r]

    assert [r["step"] for r in trained] == list(range(1, 9))
    for r in trained:
        terms = [v for k, v in r.items() if k not in ("step", "loss", "rate")]
        assert sum(terms) == pytest.approx(r["loss"], rel=1e-3)  # type: ignore[arg-type]
    assert [r["step"] for r in log if "validation/score" in r] == [0, 4, 8]
    with Image.open(whole / "samples" / "0000008.png") as sheet:
        assert sheet.width > 5 * 200


def test_the_best_weights_are_those_that_were_best_on_validation(whole: Path) -> None:
    scores = [r["validation/score"] for r in records(whole) if "validation/score" in r]
    state = torch.load(whole / "checkpoint.pt", weights_only=True)

    assert state["progress"]["best"] == pytest.approx(max(scores), rel=1e-5)  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("number", "code", "last", "saved"),
    # Killed, it loses what came after the last checkpoint; cancelled, it saves the step at hand.
    [(signal.SIGKILL, -signal.SIGKILL, 6, 4), (signal.SIGTERM, CANCELLED, 7, 7)],
)
def test_interrupted_and_resumed_ends_with_the_same_bits(
    faces: Path,
    train: Train,
    whole: Path,
    tmp_path: Path,
    number: int,
    code: int,
    last: int,
    saved: int,
) -> None:
    out = tmp_path / "stopped"
    args = [*TINY, *QUIET, *OFTEN, "--look", "basic", "--steps", 8, "--data", faces, "--out", out]
    # Lines come with every step and with the validations of steps 0 and 4.
    command = stopping("appended:log.jsonl:8", number, "train", *args)
    stopped = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=600)
    assert stopped.returncode == code, stopped.stderr
    assert [r["step"] for r in records(out) if "loss" in r][-1] == last
    assert torch.load(out / "checkpoint.pt", weights_only=True)["progress"]["step"] == saved

    again = train("--steps", 8, "--out", out)

    assert again.returncode == 0, again.stderr
    assert f"resumed from step {saved}" in again.stdout
    found, expected = weights(out), weights(whole)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[key], expected[key]) for key in expected)
    assert (out / "best.safetensors").read_bytes() == (whole / "best.safetensors").read_bytes()


def test_a_finished_run_started_again_trains_no_further(train: Train, whole: Path) -> None:
    before = (whole / "checkpoint.pt").read_bytes()

    again = train("--steps", 8, "--out", whole)

    assert again.returncode == 0
    assert (whole / "checkpoint.pt").read_bytes() == before


def test_another_run_in_the_same_folder_is_refused(
    train: Train, whole: Path, faces: Path, tmp_path: Path
) -> None:
    before = (whole / "checkpoint.pt").read_bytes()

    other = train("--steps", 8, "--rate", 0.1, "--out", whole)

    assert other.returncode == 2
    assert "rate = 0.0005" in other.stderr
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "mine.txt").write_text("mine")
    strange = train("--out", photos)
    assert strange.returncode == 2
    assert "not empty (mine.txt)" in strange.stderr
    assert (whole / "checkpoint.pt").read_bytes() == before


def test_obfuscated_mode_starts_from_the_shipped_weights(train: Train, tmp_path: Path) -> None:
    out = tmp_path / "run"

    result = train("--mode", "obfuscated", "--start", "keyed", "--steps", 4, "--out", out)

    assert result.returncode == 0, result.stderr
    assert json.loads((out / "model" / "trained.json").read_text())["mode"] == "obfuscated"
    first, *_ = [r for r in records(out) if "wrong" in r]
    assert first["protect"] < 0.2  # type: ignore[operator]  # far less than untrained weights have
    assert {r["step"] for r in records(out) if "wrong" in r} == {1, 2, 3, 4}
