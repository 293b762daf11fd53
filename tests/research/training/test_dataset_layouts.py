"""Data sets as they lie on disk: who is on which image, and who is held out."""

from __future__ import annotations

from pathlib import Path

import pytest

from proface.errors import UsageError
from proface.research.training.dataset_layouts import read_items, split
from tests.research.training.conftest import photo


def place(folder: Path, *names: str) -> None:
    image = photo(0, 16)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        image.save(folder / name)


def people(folder: Path, layout: str = "auto") -> dict[str, str]:
    return {i.path.relative_to(folder).as_posix(): i.person for i in read_items([folder], layout)}


def test_a_folder_for_each_person(tmp_path: Path) -> None:
    place(tmp_path, *(f"p{n}/{m}.png" for n in range(10) for m in "ab"))

    assert people(tmp_path)["p3/b.png"] == "p3"


def test_few_folders_are_no_people_unless_it_is_said(tmp_path: Path) -> None:
    place(tmp_path, "female/1.png", "female/2.png", "male/1.png")

    assert set(people(tmp_path).values()) == {""}
    assert people(tmp_path, "people")["male/1.png"] == "male"


def test_lfw_names(tmp_path: Path) -> None:
    place(tmp_path, "Ada_L/Ada_L_0001.jpg", "Ada_L/Ada_L_0002.jpg", "Bob_M/Bob_M_0001.jpg")

    assert people(tmp_path, "lfw")["Ada_L/Ada_L_0002.jpg"] == "Ada_L"
    place(tmp_path, "Bob_M/other.jpg")
    with pytest.raises(UsageError, match=r"other\.jpg: not named as LFW's"):
        read_items([tmp_path], "lfw")


def test_ffhq_is_numbered_and_everyone_differs(tmp_path: Path) -> None:
    place(tmp_path, "00000/00003.png", "00000/00999.png", "69000/69001.png")

    assert people(tmp_path)["69000/69001.png"] == "69001"
    assert len(set(people(tmp_path).values())) == 3


@pytest.fixture
def celeba(tmp_path: Path) -> Path:
    """CelebA's layout: images in a folder, its lists beside it; the images cropped to PNG."""
    place(tmp_path, *(f"img_celeba/{n:06}.png" for n in range(1, 7)))
    rows = [f"{n:06}.jpg {(n + 1) // 2}" for n in range(1, 7)]
    (tmp_path / "identity_CelebA.txt").write_text("\n".join(rows) + "\n")
    males = [f"{n:06}.jpg  1 {'1' if n < 3 else '-1'}" for n in range(1, 7)]
    (tmp_path / "list_attr_celeba.txt").write_text("\n".join(["6", "Bangs Male", *males]) + "\n")
    return tmp_path


def test_celeba_has_identities_and_attributes(celeba: Path) -> None:
    items = read_items([celeba / "img_celeba"])

    assert [item.person for item in items] == ["1", "1", "2", "2", "3", "3"]
    assert [item.male for item in items] == [True, True, False, False, False, False]


def test_celebas_own_partition_is_kept(celeba: Path) -> None:
    parts = ["0", "0", "1", "1", "2", "2"]
    rows = [f"{n:06}.jpg {part}" for n, part in enumerate(parts, 1)]
    (celeba / "list_eval_partition.txt").write_text("\n".join(rows) + "\n")

    training, validation, test = split(read_items([celeba]))

    assert [{i.person for i in part} for part in (training, validation, test)] == [
        {"1"},
        {"2"},
        {"3"},
    ]


def test_lists_that_are_broken_are_named(celeba: Path) -> None:
    (celeba / "identity_CelebA.txt").write_text("000001.jpg 1 2\n")

    with pytest.raises(UsageError, match=r"identity_CelebA\.txt, line 1"):
        read_items([celeba])
    (celeba / "identity_CelebA.txt").unlink()
    (celeba / "list_attr_celeba.txt").write_text("6\nBangs\n")
    with pytest.raises(UsageError, match="Male"):
        read_items([celeba])


def test_nobody_is_in_two_parts_and_nothing_is_lost(tmp_path: Path) -> None:
    place(tmp_path, *(f"p{n:02}/{m}.png" for n in range(30) for m in range(3)))
    items = read_items([tmp_path])

    parts = split(items)

    assert sorted(item for part in parts for item in part) == items
    who = [{item.person for item in part} for part in parts]
    assert sum(len(names) for names in who) == 30
    assert len(who[1]) == len(who[2]) == 2
    assert split(items) == parts


def test_who_is_held_out_stays_so_when_images_are_added(tmp_path: Path) -> None:
    place(tmp_path, *(f"p{n:02}/0.png" for n in range(30)))
    before = {item.person for item in split(read_items([tmp_path]))[1]}
    place(tmp_path, *(f"p{n:02}/1.png" for n in range(30)))

    assert {item.person for item in split(read_items([tmp_path]))[1]} == before


@pytest.mark.parametrize("count", [0, 2])
def test_too_little_is_refused(tmp_path: Path, count: int) -> None:
    place(tmp_path, *(f"{n}.png" for n in range(count)))

    with pytest.raises(UsageError, match=r"No images|too few"):
        split(read_items([tmp_path]))
    with pytest.raises(UsageError, match="no such folder"):
        read_items([tmp_path / "absent"])
