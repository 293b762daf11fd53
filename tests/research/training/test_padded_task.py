"""`proface train --flow padded`: codebook, repair network, model, under the same command."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from proface.codec.codebook import Codebook
from proface.models.cards import read_card

Train = Callable[..., "subprocess.CompletedProcess[str]"]
PADDED = ("--flow", "padded", "--workers", 0)


def test_a_run_fits_a_codebook_and_ends_with_a_model(train: Train, tmp_path: Path) -> None:
    config = tmp_path / "run.toml"
    config.write_text("classes = 2\ncells = 200\nrounds = 1\npool = 16\nfresh = 2\nloss = 'l1'\n")
    args = (
        *PADDED,
        "--mode",
        "obfuscated",
        "--steps",
        4,
        "--out",
        tmp_path / "run",
        "--config",
        config,
    )

    result = train(*args, "--data", Path(__file__).parent)
    assert result.returncode == 2  # no images there
    assert "No images below" in result.stderr

    from tests.research.training.conftest import photo

    (tmp_path / "faces").mkdir()
    for n in range(12):
        photo(n).save(tmp_path / "faces" / f"{n}.png")
    result = train(*args, "--data", tmp_path / "faces")

    assert result.returncode == 0, result.stderr
    book = Codebook.from_bytes((tmp_path / "run" / "codebook.npz").read_bytes())
    assert len(book.chosen) == 2
    assert "trained-obfuscated.json" in result.stdout
    card, other = (
        read_card(tmp_path / "run" / "model" / f"trained{mode}.json")
        for mode in ("", "-obfuscated")
    )
    assert (card.mode, other.mode) == ("random", "obfuscated")
    assert card.facts["files"] == other.facts["files"]
    assert {"network", "codebook", "weights"} == set(card.facts["files"])
    assert card.read("codebook") == (tmp_path / "run" / "codebook.npz").read_bytes()
    assert set(card.facts["measured"]["figures"]) == {"validation", "test"}
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").open()]
    assert [r["step"] for r in log if "loss" in r] == [1, 2, 3, 4]


def test_a_file_that_is_no_codebook(train: Train, tmp_path: Path) -> None:
    (tmp_path / "book.npz").write_bytes(b"no codebook")

    result = train(*PADDED, "--codebook", tmp_path / "book.npz", "--out", tmp_path / "run")

    assert result.returncode == 1
    assert "book.npz: not a codebook" in result.stderr
