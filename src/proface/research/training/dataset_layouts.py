"""Data sets on disk: images, identities, and the training, validation and test split.

flat     images anywhere below the folder; identities unknown
people   a folder for each person
lfw      the same, files named Person_Name_0001.jpg
celeba   images with identity_CelebA.txt, list_attr_celeba.txt and list_eval_partition.txt,
         as far as present
ffhq     numbered folders of a thousand images each, every image another person
auto     detected
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from proface.errors import UsageError
from proface.research.evaluation.images import SUFFIXES

IDENTITIES, ATTRIBUTES = "identity_CelebA.txt", "list_attr_celeba.txt"
PARTITION = "list_eval_partition.txt"
PARTS = ("training", "validation", "test")
LEAST_PEOPLE = 10  # subfolders, without images beside them, that count as people
HELD_OUT = 0.05  # of the people (or images), for each of validation and test


@dataclass(frozen=True, order=True)
class Item:
    """One image of a data set.

    Attributes:
        path: of the file.
        person: identity, the same on all images of a person; "" if unknown.
        part: by the data set's own split, one of `PARTS`; "" if it has none.
        male: from the attributes; None if unknown.
    """

    path: Path
    person: str = ""
    part: str = ""
    male: bool | None = None


def read_items(folders: Iterable[Path], layout: str = "auto") -> list[Item]:
    """All images of some data sets, sorted by path.

    Raises:
        UsageError: a folder does not exist, has no images, or is not of this layout.
    """
    items: list[Item] = []
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder. Name one with face images.")
        paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
        paths = [p for p in paths if not any(part.startswith(".") for part in p.parts[-2:])]
        if not paths:
            raise UsageError(f"No images below {folder}. Name another folder.")
        items += _READERS[_guess(folder, paths) if layout == "auto" else layout](folder, paths)
    return sorted(items)


def split(items: Sequence[Item]) -> tuple[list[Item], list[Item], list[Item]]:
    """Training, validation and test split; identity-disjoint.

    By the data set's own split if every image has a part; otherwise by person, or by image if the
    identity is unknown. Who is held out depends on a hash of the name, so that it does not change
    when images are added for the same people.

    Raises:
        UsageError: fewer than three people or images.
    """
    if all(item.part for item in items):
        parts = tuple([item for item in items if item.part == part] for part in PARTS)
    else:
        groups: dict[str, list[Item]] = {}
        for item in items:
            groups.setdefault(
                item.person or f"{item.path.parent.name}/{item.path.name}", []
            ).append(item)
        if len(groups) < 3:
            raise UsageError(
                f"{len(groups)} people or images: too few to hold any out; give at least 3."
            )
        ranked = sorted(
            groups, key=lambda name: hashlib.sha256(name.encode("utf-8", "replace")).digest()
        )
        held = max(1, round(len(ranked) * HELD_OUT))
        names = ranked[2 * held :], ranked[:held], ranked[held : 2 * held]
        parts = tuple(sorted(item for name in part for item in groups[name]) for part in names)
    if not all(parts):
        raise UsageError("training, validation and test need an image each; one of them is empty.")
    return parts[0], parts[1], parts[2]


def by_person(items: Sequence[Item]) -> dict[str, list[Item]]:
    """The images of each known person, both sorted."""
    people: dict[str, list[Item]] = {}
    for item in sorted(items):
        if item.person:
            people.setdefault(item.person, []).append(item)
    return dict(sorted(people.items()))


def _guess(folder: Path, paths: Sequence[Path]) -> str:
    if _beside(folder, IDENTITIES) or _beside(folder, ATTRIBUTES) or _beside(folder, PARTITION):
        return "celeba"
    if all(_is_ffhq(path) for path in paths):
        return "ffhq"
    folders = {path.parent for path in paths}
    if len(folders) >= LEAST_PEOPLE and all(f.parent == folder for f in folders):
        return "people"
    return "flat"


def _flat(folder: Path, paths: Sequence[Path]) -> Iterator[Item]:
    return (Item(path) for path in paths)


def _people(folder: Path, paths: Sequence[Path]) -> Iterator[Item]:
    for path in paths:
        if path.parent == folder:
            raise UsageError(f"{path}: lies beside the people's folders. Move it, or use flat.")
        yield Item(path, path.relative_to(folder).parts[0])


def _lfw(folder: Path, paths: Sequence[Path]) -> Iterator[Item]:
    for path in paths:
        if not re.fullmatch(re.escape(path.parent.name) + r"_\d{4}", path.stem):
            raise UsageError(f"{path}: not named as LFW's images, Name/Name_0001.jpg. Use people.")
        yield Item(path, path.parent.name)


def _ffhq(folder: Path, paths: Sequence[Path]) -> Iterator[Item]:
    for path in paths:
        if not _is_ffhq(path):
            raise UsageError(f"{path}: not numbered as FFHQ's images, 01000/01234.png. Use flat.")
        yield Item(path, path.stem)


def _is_ffhq(path: Path) -> bool:
    folder, name = path.parent.name, path.stem
    numbers = re.fullmatch(r"\d{5}", folder) and re.fullmatch(r"\d{5}", name)
    return bool(numbers) and int(folder) == int(name) // 1000 * 1000


def _celeba(folder: Path, paths: Sequence[Path]) -> Iterator[Item]:
    identity = dict(_rows(_beside(folder, IDENTITIES), 2))
    part = dict(_rows(_beside(folder, PARTITION), 2))
    males = _males(_beside(folder, ATTRIBUTES))
    if not (identity or part or males):
        raise UsageError(f"{folder}: neither {IDENTITIES} nor {ATTRIBUTES} is there or beside it.")
    for path in paths:
        # The lists name JPEG files; cropped copies may be PNG.
        name = f"{path.stem}.jpg"
        number = part.get(name, "")
        yield Item(
            path,
            identity.get(name, ""),
            PARTS[int(number)] if number in ("0", "1", "2") else "",
            males.get(name),
        )


def _males(path: Path | None) -> dict[str, bool]:
    if path is None:
        return {}
    try:
        lines = path.read_text("utf-8").splitlines()
        column = lines[1].split().index("Male") + 1
        return {row[0]: row[column] == "1" for row in map(str.split, lines[2:]) if row}
    except (OSError, ValueError, IndexError):
        raise UsageError(f"{path}: not CelebA's list of attributes with a column Male.") from None


def _rows(path: Path | None, columns: int) -> Iterator[tuple[str, str]]:
    if path is None:
        return
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, ValueError):
        raise UsageError(f"{path}: cannot be read.") from None
    for number, line in enumerate(lines, 1):
        row = line.split()
        if row and len(row) != columns:
            raise UsageError(
                f"{path}, line {number}: {columns} columns are expected: {line[:60]!r}"
            )
        if row:
            yield row[0], row[1]


def _beside(folder: Path, name: str) -> Path | None:
    """CelebA's lists are in the folder, in Anno or Eval, or beside the images' folder."""
    for place in (folder, folder / "Anno", folder / "Eval", folder.parent):
        if (place / name).is_file():
            return place / name
    return None


_READERS = {"flat": _flat, "people": _people, "lfw": _lfw, "celeba": _celeba, "ffhq": _ffhq}
