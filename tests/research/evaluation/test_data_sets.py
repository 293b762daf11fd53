"""Which images and pairs are measured."""

import numpy as np
import pytest
from PIL import Image

from proface.errors import FacesRequiredError, ImageError, UsageError
from proface.research.evaluation.crops import SIDE, read_subject
from proface.research.evaluation.datasets import known_gender, read_data_set
from proface.research.evaluation.evaluate import ROBUSTNESS, Plan
from proface.research.evaluation.measure import MeasureOptions


def lfw(folder, people=4, photos=2, folds=2):
    """An empty file for each photo, and pairs: each person's two, and neighbours."""
    for n in range(people):
        (folder / f"P{n}").mkdir(parents=True)
        for k in range(1, photos + 1):
            (folder / f"P{n}" / f"P{n}_{k:04d}.jpg").touch()
    lines = [f"{folds}\t{people // folds}"]
    for fold in range(folds):
        own = range(fold * people // folds, (fold + 1) * people // folds)
        lines += [f"P{n}\t1\t2" for n in own]
        lines += [f"P{n}\t1\tP{(n + 1) % people}\t2" for n in own]
    (folder / "pairs.txt").write_text("\n".join(lines) + "\n")
    return folder


def test_pairs_and_folds_are_read(tmp_path):
    data = read_data_set(lfw(tmp_path / "set"), None)

    assert data.name == "set"
    assert (data.folds, len(data.pairs), data.all_pairs) == (2, 8, 8)
    assert [pair.fold for pair in data.pairs] == [0] * 4 + [1] * 4
    assert data.pairs[0].first == "P0/P0_0001.jpg"
    assert data.pairs[0].second == "P0/P0_0002.jpg"
    assert [pair.same for pair in data.pairs[:4]] == [True, True, False, False]
    assert sorted(data.images) == sorted(f"P{n}/P{n}_{k:04d}.jpg" for n in range(4) for k in (1, 2))


def test_robustness_is_measured_on_the_first_images_of_each_set(tmp_path):
    sets = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for n in range(ROBUSTNESS + 3):
            (tmp_path / name / f"{n:03d}.jpg").touch()
        sets.append(read_data_set(tmp_path / name, None))
    jobs = list(Plan(tuple(sets), MeasureOptions((), (), (), "cpu"), {}).jobs())

    for data in sets:
        own = [job.robustness for job in jobs if job.data == data.name]
        assert own == [True] * ROBUSTNESS + [False] * 3


def test_few_images_are_spread_over_folds_and_kinds(tmp_path):
    data = read_data_set(lfw(tmp_path / "set", people=8), 8)

    kinds = {(pair.fold, pair.same) for pair in data.pairs}
    assert len(data.images) <= 8
    assert kinds == {(fold, same) for fold in (0, 1) for same in (True, False)}
    assert read_data_set(tmp_path / "set", 6).images == data.images[:6]


def test_who_is_swapped_in_is_somebody_else_and_always_the_same(tmp_path):
    data = read_data_set(lfw(tmp_path / "set"), 2)

    for image in data.images:
        others = list(data.others(image))
        assert others
        assert others == list(data.others(image))
        assert not any(other.startswith(image[:3]) for other in others)


def test_a_folder_of_images_has_no_pairs(tmp_path):
    for name in ("a.png", "female/b.jpg", "male/c.webp", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    data = read_data_set(tmp_path, None)

    assert data.images == ("a.png", "female/b.jpg", "male/c.webp")
    assert (data.pairs, data.folds) == ((), 0)
    assert [known_gender(i) for i in data.images] == [None, "female", "male"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "first line"),
        ("pairs\n", "first line"),
        ("1\t1\nA\t1\t2\n", "1 pairs"),
        ("1\t1\nA\t1\t2\nA\t1\tB\n", "line 3"),
        ("1\t1\nA\t1\ttwo\nA\t1\tB\t2\n", "line 2"),
    ],
)
def test_a_file_of_pairs_that_is_none_is_named(tmp_path, text, says):
    (tmp_path / "pairs.txt").write_text(text)

    with pytest.raises(UsageError, match=says) as caught:
        read_data_set(tmp_path, None)
    assert "pairs.txt" in str(caught.value)


def test_the_central_face_is_cropped_and_brought_to_size(tmp_path):
    data = pytest.importorskip("skimage.data", reason="its photo comes with scikit-image")
    wide = np.full((512, 1400, 3), 120, np.uint8)
    wide[:, 450:962] = data.astronaut()
    wide[:256, :256] = data.astronaut()[::2, ::2]  # a smaller one at the side
    Image.fromarray(wide).save(tmp_path / "two.png")

    subject = read_subject(tmp_path / "two.png")

    assert subject.pixels.shape == (SIDE, SIDE, 3)
    box = subject.face.box
    assert max(box.w, box.h) == pytest.approx(SIDE / 1.7, abs=3)
    assert all(0 < x < SIDE and 0 < y < SIDE for x, y in subject.face.landmarks)
    found = box.x + box.w / 2, box.y + box.h / 2
    assert found == pytest.approx((128, 138), abs=8)


def test_no_photo_and_nobody_in_it_are_told_apart(tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 cut off")
    Image.new("RGB", (300, 300), (90, 140, 200)).save(tmp_path / "sky.png")

    with pytest.raises(ImageError, match="broken"):
        read_subject(tmp_path / "broken.jpg")
    with pytest.raises(FacesRequiredError, match="sky"):
        read_subject(tmp_path / "sky.png")
