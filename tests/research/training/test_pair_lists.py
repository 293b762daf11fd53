"""`proface data`: crops, pairs, triplets, as processes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from proface.faces import detect
from tests.research.training.conftest import photo, run


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A turned face, a meadow, a damaged file, and a folder below."""
    folder = tmp_path_factory.mktemp("album")
    face = Image.fromarray(astronaut()).crop((80, 0, 380, 300))
    face.rotate(20, Image.Resampling.BICUBIC, fillcolor=(200, 200, 200)).save(folder / "a.jpg")
    Image.new("RGB", (80, 60), (60, 120, 60)).save(folder / "meadow.png")
    (folder / "damaged.jpg").write_bytes((folder / "a.jpg").read_bytes()[:900])
    (folder / "below").mkdir()
    face.save(folder / "below" / "b.png")
    return folder


def test_crops_are_upright_of_one_size_and_nothing_goes_unnamed(
    album: Path, tmp_path: Path
) -> None:
    result = run("data", "crop", album, "-o", tmp_path / "out", "--size", 128)

    assert result.returncode == 3
    assert "damaged.jpg" in result.stderr
    assert "meadow.png: no face found" in result.stdout
    assert "2 cropped, 1 without faces, 1 failed" in result.stdout
    made = sorted(p.relative_to(tmp_path / "out") for p in (tmp_path / "out").rglob("*.png"))
    assert made == [Path("a.png"), Path("below/b.png")]
    for path in made:
        with Image.open(tmp_path / "out" / path) as image:
            assert image.size == (128, 128)
            (face,) = detect(np.asarray(image.convert("RGB")))
        right, left = np.array(face.landmarks[:2])
        assert abs(right[1] - left[1]) < 4  # the eyes lie level, also of the face that was turned
        assert abs((right[0] + left[0]) / 2 - 64) < 4


def test_crops_that_are_there_are_left(album: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.png").write_bytes(b"mine")

    result = run("data", "crop", album / "a.jpg", album / "below", "-o", out, "--size", 64)

    assert result.returncode == 0
    assert "1 cropped, 1 skipped" in result.stdout
    assert (out / "a.png").read_bytes() == b"mine"


def test_a_folder_without_faces_or_photos_is_an_error(album: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()

    none = run("data", "crop", album / "meadow.png", "-o", tmp_path / "out")
    assert (none.returncode, "no face in any of 1 photos" in none.stderr) == (1, True)
    nothing = run("data", "crop", empty, "-o", tmp_path / "out")
    assert (nothing.returncode, "no photos there" in nothing.stderr) == (2, True)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve people, two to five images each, not named as LFW's."""
    folder = tmp_path_factory.mktemp("people")
    image = photo(0, 16)
    for n in range(12):
        (folder / f"p{n:02}").mkdir()
        for m in range(2 + n % 4):
            image.save(folder / f"p{n:02}" / f"shot-{m}.png")
    return folder


def test_pairs_are_balanced_and_of_different_people_in_each_fold(
    people: Path, tmp_path: Path
) -> None:
    path = tmp_path / "pairs.txt"

    result = run("data", "pairs", people, "-o", path, "--folds", 3, "--pairs", 6)

    assert result.returncode == 0, result.stderr
    first, *lines = path.read_text().splitlines()
    assert first == "3\t6"
    assert len(lines) == 3 * 12
    rows = [line.split("\t") for line in lines]
    counts = {p.name: len(list(p.iterdir())) for p in people.iterdir()}
    folds = []
    for n in range(3):
        matched, mismatched = rows[12 * n : 12 * n + 6], rows[12 * n + 6 : 12 * n + 12]
        assert all(len(row) == 3 and row[1] != row[2] for row in matched)
        assert all(len(row) == 4 and row[0] != row[2] for row in mismatched)
        assert len({tuple(row) for row in matched + mismatched}) == 12
        for name, *numbers in matched:
            assert all(1 <= int(number) <= counts[name] for number in numbers)
        folds.append({name for row in matched for name in row[:1]})
        folds[-1] |= {name for row in mismatched for name in row[::2]}
    assert sum(Counter(name for fold in folds for name in fold).values()) == len(set.union(*folds))


def test_the_seed_decides_the_list(people: Path, tmp_path: Path) -> None:
    texts = []
    for n, seed in enumerate((1, 1, 2)):
        path = tmp_path / f"{n}.txt"
        assert (
            run("data", "pairs", people, "-o", path, "--folds", 2, "--seed", seed).returncode == 0
        )
        texts.append(path.read_text())

    assert texts[0] == texts[1] != texts[2]


def test_triplets_name_files_of_the_right_people(people: Path, tmp_path: Path) -> None:
    path = tmp_path / "triplets.txt"

    result = run("data", "triplets", people, "-o", path, "--count", 60)

    assert result.returncode == 0, result.stderr
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    assert len(rows) == 60
    for row in rows:
        assert all((people / name).is_file() for name in row)
        anchor, positive, negative = (Path(name) for name in row)
        assert anchor.parent == positive.parent != negative.parent
        assert anchor != positive
    assert run("data", "triplets", people, "-o", path).returncode == 1  # it exists


def test_lists_need_people(faces: Path, people: Path, tmp_path: Path) -> None:
    unknown = run("data", "pairs", faces, "-o", tmp_path / "a.txt")
    many = run("data", "pairs", people, "-o", tmp_path / "a.txt", "--pairs", 500)

    assert (unknown.returncode, "--layout people" in unknown.stderr) == (2, True)
    assert (many.returncode, "allow" in many.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []
