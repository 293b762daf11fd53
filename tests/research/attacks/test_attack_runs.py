"""Attacks end to end: a planted leak is found, the padded flow has none, and runs are resumed."""

import json
import time

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="attacks need the extra `evaluate`")
data = pytest.importorskip("skimage.data", reason="the tests' photo comes with scikit-image")

from proface.models.store import load_flow  # noqa: E402
from proface.research.attacks import wrong_recoveries  # noqa: E402
from proface.research.attacks.attack_targets import FreshKeys, KeystreamReuse, LookOnly  # noqa: E402
from proface.research.attacks.attacker_training import EvaluationSet, pretrain, train_attackers  # noqa: E402
from proface.research.attacks.face_sets import held_out_regions, mirrored, region  # noqa: E402
from proface.research.attacks.key_gradient import differentiable, gradient_search  # noqa: E402
from proface.research.attacks.near_miss_keys import search_gain  # noqa: E402
from proface.research.attacks.samples import Samples  # noqa: E402
from proface.research.attacks.scoring import Gallery  # noqa: E402
from proface.research.evaluation.methods import method  # noqa: E402
from tests.cli.runs import call  # noqa: E402


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """One face under several lights, as files."""
    folder = tmp_path_factory.mktemp("photos")
    face = data.astronaut()[0:300, 80:380].astype(float)
    for number, light in enumerate((0.6, 0.8, 1.0, 1.15)):
        pixels = np.clip(face * light, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def test_a_region_is_cut_around_the_face(photos):
    shown = region(photos / "2.png")
    assert shown.pixels.shape == (256, 256, 3)
    x, y = np.mean(shown.face.landmarks, axis=0)
    assert 90 < x < 166
    assert 90 < y < 180
    assert 0.4 < (shown.face.box.w * shown.face.box.h) ** 0.5 / 256 < 0.7
    again = mirrored(mirrored(shown))
    assert np.array_equal(again.pixels, shown.pixels)
    assert np.allclose(again.face.landmarks, shown.face.landmarks)


def twice(folder, people):
    """Two photos of each person, in folders of all people."""
    for kind in ("neutral", "smiling"):
        (folder / kind).mkdir()
        for person, photo in people.items():
            (folder / kind / f"{person}_{kind[0]}.png").write_bytes(photo.read_bytes())


def test_people_with_two_photos_are_told_by_names(photos, tmp_path):
    twice(tmp_path, {"001": photos / "2.png", "002": photos / "2.png"})
    regions, gallery = held_out_regions([tmp_path], 10)
    assert [r.person for r in regions] == [r.person for r in gallery] == ["001", "002"]


def test_what_wrong_keys_show_is_told(photos, tmp_path, monkeypatch):
    twice(tmp_path, {"001": photos / "2.png", "002": photos / "0.png"})
    arguments = ["--data", str(tmp_path), "--models", "keyed", "--looks", "blur:15"]
    monkeypatch.setattr("sys.argv", ["x", *arguments, "--out", str(tmp_path / "out")])

    wrong_recoveries.main()

    rows = json.loads((tmp_path / "out" / "keyed.json").read_text())
    shown = {row["shown with"]: row for row in rows}
    assert shown["the look"]["look dB"] == 99
    assert shown["a random key"]["original dB"] < 11
    assert shown["a random key"]["original dB"] < shown["a half right key"]["original dB"] + 1
    assert shown["a random key"]["people"] == 2
    assert Image.open(tmp_path / "out" / "keyed.png").size[0] > 400


class Clock:
    """In place of processor time: each look takes 250 ms, so a budget is a number of steps."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 0.25
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(time, "process_time", made)
    return made


def test_a_leak_is_found_where_there_is_one_and_a_finished_run_is_not_repeated(
    photos, tmp_path, clock
):
    torch.set_num_threads(2)
    paths = sorted(photos.iterdir())
    test = EvaluationSet([region(paths[1]), mirrored(region(paths[3]))], Gallery([]), ("blur:15",))
    start = pretrain(tmp_path / "start.pt", "tiny", paths, 0.01, lambda text: None)
    flow = load_flow("padded")
    targets = {
        "padded": (FreshKeys(method("padded")), 0.1),
        "leak": (KeystreamReuse(flow, region(paths[0]).pixels, tmp_path / "key"), 0.1),
    }
    told = []
    _attackers, records = train_attackers(
        tmp_path / "attackers.pt", start, targets, paths, test, told.append
    )
    gain = {r["target"]: r["looks"]["blur:15"]["gain"] for r in records}
    assert gain["leak"][0] > 0.3
    assert gain["padded"][0] < 0.3
    over_negative = {r["target"]: r["looks"]["blur:15"]["gain_over_negative"] for r in records}
    assert over_negative["leak"][0] > 0.3
    assert len(told) >= 2
    told.clear()
    attackers, again = train_attackers(
        tmp_path / "attackers.pt", start, targets, paths, test, told.append
    )
    assert again == records
    assert not told
    assert attackers["padded"].minutes >= 0.1


def test_an_attacker_pays_for_the_pictures_that_he_makes(photos, clock):
    class Dear(FreshKeys):
        def protect(self, x, o):
            clock.now += 1
            return super().protect(x, o)

    targets = {"look": LookOnly(), "padded": Dear(method("padded"))}
    samples = Samples(sorted(photos.iterdir()), targets, [0])
    samples.batch()
    assert 0 < samples.costs["look"] <= samples.costs["padded"] - 1


def test_the_gradient_finds_much_of_a_face_that_the_keyed_flow_hides(photos):
    flow = load_flow("keyed")
    network = differentiable(flow)
    shown = region(photos / "2.png")
    other = mirrored(region(photos / "0.png"))
    gain = search_gain(flow, lambda p, o: gradient_search(network, p, 10), shown, other)
    assert gain > 1


def test_the_command_writes_a_report_and_does_not_repeat_what_is_done(photos, tmp_path):
    out = tmp_path / "out"
    options = ("--data", photos, "--test", photos, "-o", out, "--budget", "1s", "--sizes", "tiny")
    run = call("attack", *options, "--only", "guessing")
    assert run.code == 0, run.err
    record = json.loads((out / "attacks.json").read_text("utf-8"))
    cost = record["attacks"][0]["figures"]["seconds_of_one_core"]
    assert min(cost.values()) > 0
    assert record["attacks"][0]["verdict"] == ("no leak" if min(cost.values()) >= 0.1 else "leak")
    assert "guessing" in (out / "attacks.md").read_text("utf-8")
    again = call("attack", *options, "--only", "guessing", "--json")
    assert "done before" in again.err
    assert json.loads(again.out)["figures"]["seconds_of_one_core"] == cost
    other = call("attack", *options[:-3], "2s", *options[-2:], "--only", "guessing")
    assert other.code == 1
    assert "other options" in other.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--only", "guesing"), "inversion"),
        (("--budget", "soon"), "90s"),
        (("--sizes", "huge"), "medium"),
    ],
)
def test_what_is_wrong_with_the_call_is_told(photos, tmp_path, options, words):
    run = call("attack", "--data", photos, "--test", photos, "-o", tmp_path / "out", *options)
    assert run.code == 2
    assert words in run.err
    assert not (tmp_path / "out").exists()
