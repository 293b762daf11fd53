"""`proface evaluate`, as a process, on variants of one photo."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess

import cv2
import numpy as np
import pytest
from PIL import Image, ImageEnhance

from tests.cli import runs
from tests.cli.runs import environment, files
from tests.cli.stops import ROOT, stopping

data = pytest.importorskip("skimage.data", reason="its photos come with scikit-image")


def call(*arguments: object, **options: object) -> runs.Result:
    """As `runs.call`, with time for networks on a machine that is busy."""
    return runs.call(*arguments, timeout=600, **options)


def variants(people: int) -> list[list[Image.Image]]:
    """Two photos each of "people": the astronaut stretched and coloured otherwise each time."""
    photo = Image.fromarray(np.ascontiguousarray(data.astronaut()[:260, 100:360]))
    found = []
    for n in range(people):
        face = photo.resize((230 + 12 * n, 250 - 9 * n))
        face = ImageEnhance.Color(face).enhance(0.2 + 0.3 * n)
        second = Image.fromarray(cv2.GaussianBlur(np.asarray(face), (0, 0), 1.2))
        found.append([face, second])
    return found


@pytest.fixture(scope="session")
def tiny_lfw(shelf):
    """LFW's layout: 8 people, 2 photos each, one fold of 8 pairs of each kind."""
    folder = shelf / "tiny"
    lines = ["1\t8"]
    for n, photos in enumerate(variants(8)):
        (folder / f"P{n}").mkdir(parents=True)
        for k, photo in enumerate(photos, 1):
            photo.save(folder / f"P{n}" / f"P{n}_{k:04d}.png")
        lines.append(f"P{n}\t1\t2")
    lines += [f"P{n}\t1\tP{(n + 1) % 8}\t2" for n in range(8)]
    (folder / "pairs.txt").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="session")
def mixed(shelf):
    """Two faces in folders that name a gender, a file that is no image, and a sky."""
    folder = shelf / "mixed"
    (folder / "female").mkdir(parents=True)
    for n, (photo, _second) in enumerate(variants(2)):
        photo.save(folder / "female" / f"{n}.jpg", quality=95)
    (folder / "female" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    Image.new("RGB", (200, 200), (90, 140, 200)).save(folder / "female" / "sky.png")
    return folder


@pytest.fixture(scope="session")
def likeness(mixed, shelf):
    """A run over the mixed folder, and its report."""
    out = shelf / "likeness"
    run = call("evaluate", "--data", mixed, "--out", out, "--looks", "pixelate:20",
               "--measure", "fidelity", "--measure", "gender")  # fmt: skip
    assert run.code == 0, run.err
    return run, out, json.loads((out / "report.json").read_text())


def test_likeness_of_saved_files(likeness):
    _run, _out, report = likeness
    (row,) = report["fidelity"]

    assert (row["model"], row["data"], row["look"], row["images"]) == (
        "padded", "mixed", "pixelate:20", 2
    )  # fmt: skip
    assert row["protected"]["psnr"] > 45
    assert row["recovered"]["psnr"] > 38
    assert row["recovered"]["ssim"] > 0.97
    assert row["recovered"]["lpips_vgg"] < 0.05 < 0.3 < row["seen"]["lpips_vgg"]
    assert row["wrong password"]["psnr"] < 12
    assert row["wrong password"]["lpips_alex"] > 0.5
    further = row["robustness"]
    assert further["images"] == 2
    assert max(further["one bit off"], further["from the look"], further["noise"]["0.01"]) < 12
    assert further["noise"]["0"] == pytest.approx(row["recovered"]["psnr"], abs=1e-3)
    genders = {(g["look"], g["of"]): g for g in report["gender"]}
    assert genders[None, "original"]["accuracy"] == 1
    assert genders["pixelate:20", "recovered"]["accuracy"] == 1
    assert report["gender"][0]["against"] == "folder"


def test_what_cannot_be_measured_is_named_and_counted(likeness):
    run, out, report = likeness

    assert report["data"]["mixed"]["images"] == 4
    assert report["data"]["mixed"]["measured"] == 2
    for name, why in (("broken.png", ""), ("sky.png", "no face")):
        told = [line for line in report["data"]["mixed"]["passed_over"] if name in line]
        assert len(told) == 1
        assert why in told[0]
        assert told[0] in (out / "report.md").read_text()
        assert name in run.err
    assert "2 of 4 images measured" in run.out


def test_every_picture_is_there_and_no_other_file(likeness):
    _run, out, report = likeness

    assert files(out) == sorted(["records.jsonl", "report.json", "report.md", *report["pictures"]])
    assert set(report["pictures"]) == {
        "likeness-padded-mixed.png", "noise-mixed.png", "sheet-padded-mixed.png"
    }  # fmt: skip
    for name in report["pictures"]:
        with Image.open(out / name) as image:
            assert min(image.size) > 200
        assert f"({name})" in (out / "report.md").read_text()


def test_the_page_has_the_figures_of_the_json(likeness):
    _run, out, report = likeness
    page = (out / "report.md").read_text()
    row = report["fidelity"][0]

    for part in ("protected", "recovered", "wrong password", "seen"):
        values = row[part]
        shown = f"{values['psnr']:.2f} / {values['ssim']:.4f} / {values['lpips_vgg']:.4f}"
        assert shown in page
    for sigma, value in row["robustness"]["noise"].items():
        assert f"noise {sigma}" in page
        assert f"{value:.2f}" in page
    costs = report["models"]["padded"]["costs"]
    assert f"{costs['parameters']:,}" in page
    assert costs["recover_madds"] > 1e9


def test_the_same_run_again_measures_nothing_and_says_the_same(likeness, mixed):
    _run, out, report = likeness
    before = (out / "records.jsonl").read_bytes()

    again = call("evaluate", "--data", mixed, "--out", out, "--looks", "pixelate:20",
                 "--measure", "fidelity", "--measure", "gender")  # fmt: skip

    assert again.code == 0
    assert "4 of 4 images were measured before" in again.out
    assert (out / "records.jsonl").read_bytes() == before
    assert json.loads((out / "report.json").read_text())["fidelity"] == report["fidelity"]


def test_records_of_something_else_are_not_mixed_in(likeness, mixed):
    _run, out, _report = likeness

    other = call("evaluate", "--data", mixed, "--out", out, "--looks", "blur:15",
                 "--measure", "fidelity", "--measure", "gender")  # fmt: skip

    assert other.code == 2
    assert "looks" in other.err
    assert "records.jsonl" in other.err


@pytest.fixture(scope="session")
def recognised(tiny_lfw, shelf):
    """A run over LFW's layout that was killed on the way and went on: its output and report."""
    out = shelf / "recognised"
    command = ["evaluate", "--data", str(tiny_lfw), "--out", str(out),
               "--looks", "mask,swap", "--measure", "sface"]  # fmt: skip
    records = out / "records.jsonl"
    killed = subprocess.run(
        stopping(f"appended:{records.name}:4", signal.SIGKILL, *command),
        env=environment(), cwd=ROOT, start_new_session=True, capture_output=True, timeout=600,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    kept = records.read_bytes()
    records.write_bytes(kept + b'{"data": "tiny", "image": "P')  # as if cut off in a line
    run = call(*command)
    assert run.code == 0, run.err
    return kept, run, out, json.loads((out / "report.json").read_text())


def test_a_killed_run_goes_on_where_it_was(recognised):
    kept, run, out, report = recognised
    now = (out / "records.jsonl").read_bytes()

    done = kept.count(b"\n") - 1
    assert done == 3
    assert f"{done} of 16 images were measured before" in run.out
    assert now.startswith(kept)
    images = [json.loads(line)["image"] for line in now.splitlines()[1:]]
    assert len(images) == len(set(images)) == 16
    assert report["data"]["tiny"]["pairs"] == 16


def test_recognition_by_lfw_s_protocol(recognised):
    _kept, _run, out, report = recognised
    found = {(row["look"], row["compared"]): row for row in report["recognition"]}

    originals = found[None, "original-original"]
    assert originals["pairs"] == 16
    assert originals["accuracy"] >= 0.5
    for look in ("mask", "swap"):
        back = found[look, "recovered-original"]
        assert back["accuracy"] == pytest.approx(originals["accuracy"], abs=0.07)
        assert found[look, "protected-protected"]["pairs"] == 16
        assert found[look, "protected-original"]["auc"] <= originals["auc"]
    page = (out / "report.md").read_text()
    for row in report["recognition"]:
        assert f"{100 * row['accuracy']:.2f} ± {100 * row['accuracy_std']:.2f}" in page
        assert f"{100 * row['tar_at_0.01']:.2f}" in page
    assert "one fold" in page  # whose threshold decides itself
    names = {"recognition-padded-tiny.png", "roc-padded-tiny-sface.png", "sheet-padded-tiny.png"}
    assert names == set(report["pictures"])


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--data", "nowhere"], 2, "no such folder"),
        (["--looks", "blurr"], 2, "no look is called"),
        (["--looks", "simswap"], 1, "models import"),
        (["--measure", "arcface"], 2, "sface"),
        (["--model", "nobody"], 1, "Choose one of"),
        (["--most", "0"], 2, "--most"),
        (["--device", "abacus"], 2, "--device"),
    ],
)
def test_what_cannot_be_run_is_told_before_any_work(mixed, tmp_path, arguments, code, says):
    given = [] if "--data" in arguments else ["--data", mixed]
    out = tmp_path / "out"

    run = call("evaluate", *given, "--out", out, *arguments, env={"PROFACE_MODELS": str(tmp_path)})

    assert run.code == code
    assert says in run.err
    assert not out.exists()


def test_a_folder_without_faces_or_images_is_named(mixed, tmp_path):
    (tmp_path / "empty").mkdir()
    skies = tmp_path / "skies"
    skies.mkdir()
    Image.new("RGB", (200, 200), (90, 140, 200)).save(skies / "sky.png")

    none = call("evaluate", "--data", tmp_path / "empty", "--out", tmp_path / "a")
    nobody = call("evaluate", "--data", skies, "--out", tmp_path / "b", "--measure", "sface")

    assert none.code == 2
    assert "no images" in none.err
    assert nobody.code == 2
    assert "no faces" in nobody.err
    assert not (tmp_path / "b" / "report.json").exists()


@pytest.mark.parametrize(
    ("missing", "package"),
    [("matplotlib",) * 2, ("skimage", "scikit-image"), ("torch",) * 2, ("dlib",) * 2],
)
def test_a_missing_extra_names_the_command_that_installs_it(mixed, tmp_path, missing, package):
    (tmp_path / "sitecustomize.py").write_text(f"import sys; sys.modules[{missing!r}] = None\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])

    run = call("evaluate", "--data", mixed, "--out", tmp_path / "out", env={"PYTHONPATH": path})

    assert run.code == 1
    assert package in run.err
    assert "pip install 'proface[evaluate]'" in run.err
    assert not (tmp_path / "out").exists()


def test_swaps_without_weights_are_left_out_and_said_so(mixed, tmp_path):
    run = call("evaluate", "--data", mixed, "--out", tmp_path / "out", "--most", "1",
               "--measure", "sface", env={"PROFACE_MODELS": str(tmp_path)})  # fmt: skip

    assert run.code == 0, run.err
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert set(report["left_out"]) == {"simswap", "faceshifter"}
    for look in ("simswap", "faceshifter"):
        assert f"{look} is left out" in run.err
        assert re.search(rf"{look}.*models import", (tmp_path / "out" / "report.md").read_text())
