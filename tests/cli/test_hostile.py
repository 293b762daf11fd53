"""More than 300 hostile and damaged files: one clear line each, no output, and little cost.

`tests/hostile/make.py` makes them, and says how each must be refused.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.cli.forks import Ended, Forks
from tests.cli.runs import call, files

sys.path.insert(0, str(Path(__file__).parents[2]))
from proface.keys import Key
from tests.hostile.headers import SECRET
from tests.hostile.make import make

MOST_LINES, MOST_MEGABYTES = 15_000_000, 300
# Those that would cost their reader dear, if they could.
DEAR = (
    *(
        "png_bomb",
        "png_long",
        "png_body_chunks",
        "png_body_profile",
        "png_text",
        "png_picture_bomb",
    ),
    *("jpeg_fill", "jpeg_two", "jpeg_endless", "jpeg_size_largest", "tiff_size_bomb", "tiff_loop"),
    *("jpeg_header", "jpeg_coded_14000", "jpeg_coded_30000", "jpeg_coded_2000"),
    *("tiff_two_pages", "tiff_strips", "webp_lossless", "webp_header_many", "bmp_run", "avif_size"),
    *("exif", "header_lists", "header_objects", "header_commas", "header_nested_300", "kdf_32"),
    *("kdf_memory_4", "kdf_previous_work", "kdf_deniable_work", "regions_ten", "regions_too_many"),
    *("sparse", "authentic_pixels_huge", "authentic_pixels_bomb", "authentic_metadata_deep"),
    *("authentic_robust", "pixels_huge", "pixels_large", "pixels_many", "pixels_kdf"),
)
# One of a kind, for the commands that read a file as `recover` does.
SAMPLE = (
    *("png_wide.png", "jpeg_precision_12.jpg", "tiff_loop.tif", "kind_empty.jpg"),
    "cut_70_webp.webp",
    *("header_garbage.png", "kdf_lanes_9.png", "regions_same_twice.png", "png_header_twice.png"),
)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "codes.json").write_text(json.dumps(make(folder / "in")))
    Key("file", SECRET).save(folder / "key")
    return folder


@pytest.fixture(scope="module")
def codes(shelf: Path) -> dict[str, int]:
    found: dict[str, int] = json.loads((shelf / "codes.json").read_text())
    return found


def check_message(text: str, name: str) -> None:
    """One line that names the file, says what is wrong, and what to do."""
    assert name in text
    assert text.isprintable()
    assert len(text) < 1200
    assert text.rstrip().endswith((".", "?"))
    assert text.count(". ") >= 1 or ": " in text.split(name, 1)[1][2:], text
    assert "fault of proface" not in text
    assert "Traceback" not in text


def check_refused(ended: Ended, name: str, code: int) -> None:
    assert ended.code == code, (name, ended)
    assert ended.err.count("\n") == 1, (name, ended.err)
    check_message(ended.err.rstrip("\n"), name)
    assert ended.out == ""
    assert ended.peak < MOST_MEGABYTES, (name, ended.peak)


def test_each_is_refused_in_a_batch_and_nothing_is_written(
    forks: Forks, shelf: Path, codes: dict[str, int]
) -> None:
    assert len(codes) >= 200
    out = shelf / "out"
    ended = forks.run("recover", shelf / "in", "-o", out, "--key-file", shelf / "key", "--json")
    assert ended.code == 3
    records = [json.loads(line) for line in ended.out.splitlines()]
    told = {os.path.basename(record["input"]): record for record in records}
    assert set(told) == set(codes)
    assert {name: record["code"] for name, record in told.items()} == codes
    for name, record in told.items():
        assert (record["status"], record["output"]) == ("failed", None)
        check_message(record["error"], name)
    lines = ended.err.splitlines()
    assert len(lines) == len(codes)  # no library prints a line of its own between them
    assert all(line.startswith("proface: ") for line in lines)
    assert not out.exists() or files(out) == []
    assert ended.peak < 2 * MOST_MEGABYTES  # two at a time


def test_the_dearest_cost_little(forks: Forks, shelf: Path, codes: dict[str, int]) -> None:
    """Lines executed and memory; `benchmarks/hostile.py` says what that is in seconds."""
    dear = [name for name in codes if name.startswith(DEAR)]
    assert len(dear) > len(DEAR)
    for name in dear:
        target = shelf / "alone" / f"{name}.png"
        command = ("recover", shelf / "in" / name, "-o", target, "--key-file", shelf / "key")
        ended = forks.run(*command, count="work")
        check_refused(ended, name, codes[name])
        assert ended.steps is not None
        assert ended.steps < MOST_LINES, (name, ended.steps)
    assert not (shelf / "alone").exists()


@pytest.mark.parametrize("command", ["inspect", "verify", "protect", "faces", "keys list"])
def test_other_commands_refuse_them_too(
    forks: Forks, shelf: Path, codes: dict[str, int], command: str, tmp_path: Path
) -> None:
    for name in SAMPLE:
        arguments: list[object] = [*command.split(), shelf / "in" / name]
        code = codes[name]
        if command in ("verify", "protect"):
            arguments += ["--key-file", shelf / "key"]
        if command == "protect":
            arguments += ["-o", tmp_path / "out.png"]
            code = 1 if name != "png_header_twice.png" else 13  # "protected already"
        if command == "faces" and code == 13:
            continue  # a picture like any other
        if command == "inspect" and name.startswith("kdf"):
            continue  # shows what the header says, which is not used
        check_refused(forks.run(*arguments), name, code)
    assert files(tmp_path) == []


def test_so_it_is_in_processes_of_their_own(shelf: Path, codes: dict[str, int]) -> None:
    for name in ("png_body_animated_endless.png", "tiff_lzw_broken.tif", "kdf_work_over.png"):
        target = shelf / "own" / "out.png"
        ended = call("recover", shelf / "in" / name, "-o", target, "--key-file", shelf / "key")
        assert ended.code == codes[name]
        assert ended.err.count("\n") == 1, ended.err
        check_message(ended.err.rstrip("\n"), name)
    assert not (shelf / "own").exists()
