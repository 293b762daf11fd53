"""Data sets of `proface evaluate`: images in evaluation order, and verification pairs.

A folder with a `pairs.txt` is in the layout of Labeled Faces in the Wild (Huang, Ramesh, Berg,
Learned-Miller, UMass Amherst 07-49, 2007): NAME/NAME_0001.jpg, and a file of pairs whose first line
has the number of folds and of pairs of each kind in a fold ("10<tab>300"; "500" for one fold):

    NAME <tab> 1 <tab> 4                    two photos of one person
    NAME <tab> 2 <tab> OTHER <tab> 1        photos of two people

Every other folder is a folder of images, each with a face.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from proface.errors import UsageError
from proface.research.evaluation.gender import LABELS
from proface.research.evaluation.images import SUFFIXES, find

PAIRS = "pairs.txt"


@dataclass(frozen=True)
class Pair:
    """A verification pair, by paths relative to the data set: genuine if `same`, else impostor."""

    fold: int
    first: str
    second: str
    same: bool


@dataclass(frozen=True)
class DataSet:
    """The images and pairs of a folder.

    Attributes:
        name: the folder's own name.
        folder: its path.
        images: relative paths, in evaluation order.
        everyone: all images of the folder or of its pairs; swaps draw faces from them.
        pairs: those of `pairs.txt` whose images are both in `images`.
        folds: number of folds in `pairs.txt`; 0 without one.
        all_pairs: number of pairs in `pairs.txt`.
    """

    name: str
    folder: Path
    images: tuple[str, ...]
    everyone: tuple[str, ...]
    pairs: tuple[Pair, ...] = ()
    folds: int = 0
    all_pairs: int = 0

    def others(self, image: str) -> Iterator[str]:
        """Images of other people, in a random order that depends on this image alone.

        With pairs, people are subfolders; without, every image counts as another person.
        """
        own = image.split("/")[0] if self.pairs else image
        choose = random.Random(image)
        for _attempt in range(20):
            other = choose.choice(self.everyone)
            if (other.split("/")[0] if self.pairs else other) != own:
                yield other


def read_data_set(folder: Path, most: int | None) -> DataSet:
    """The images and pairs of a folder.

    Args:
        folder: see the module.
        most: maximum number of images: evenly spaced over the sorted names, or with pairs taken
            from all folds and both kinds in turn; None for all.

    Raises:
        UsageError: no such folder, no images, or an invalid file of pairs.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder.")
    name = folder.resolve().name
    if not (folder / PAIRS).is_file():
        images, everyone = (
            tuple(path.relative_to(folder).as_posix() for path in find(folder, number))
            for number in (most, None)
        )
        return DataSet(name, folder, images, everyone)
    pairs, folds = _read_pairs(folder / PAIRS)
    everyone = _images_of(_in_turns(pairs), None)
    images = _images_of(_in_turns(pairs), most)
    wanted = set(images)
    kept = tuple(pair for pair in pairs if {pair.first, pair.second} <= wanted)
    return DataSet(name, folder, images, everyone, kept, folds, len(pairs))


def known_gender(image: str) -> str | None:
    """The gender by the image's folder, "female" or "male"; None if it names neither."""
    return next((part for part in image.lower().split("/")[:-1] if part in LABELS), None)


def _read_pairs(path: Path) -> tuple[list[Pair], int]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"{path}: cannot be read as text.") from None
    numbers = lines[0].split() if lines else []
    if len(numbers) not in (1, 2) or not all(n.isdigit() and int(n) > 0 for n in numbers):
        raise UsageError(
            f"{path}: the first line must say how many folds and how many pairs of each kind a "
            "fold has, such as 10 and 300."
        )
    folds, count = (1, int(numbers[0])) if len(numbers) == 1 else map(int, numbers)
    body = [line for line in lines[1:] if line.strip()]
    if len(body) != 2 * folds * count:
        raise UsageError(
            f"{path}: {len(body)} pairs, but {folds} folds of 2 x {count} were expected."
        )
    found = []
    for number, line in enumerate(body):
        parts = line.split("\t") if "\t" in line else line.split()
        try:
            if len(parts) == 3:
                person, a, b = parts
                other, same = person, True
            else:
                (person, a, other, b), same = parts, False
            first, second = _image(path, person, int(a)), _image(path, other, int(b))
        except ValueError:
            raise UsageError(f"{path}: line {number + 2} is not a pair: {line[:80]!r}.") from None
        found.append(Pair(number // (2 * count), first, second, same))
    return found, folds


def _image(pairs: Path, person: str, number: int) -> str:
    """The relative path of a person's photo; a missing one is reported when it is read."""
    stem = f"{person}/{person}_{number:04d}"
    suffixes = sorted(SUFFIXES)
    found = (s for s in suffixes if (pairs.parent / f"{stem}{s}").exists())
    return stem + next(found, ".jpg")


def _in_turns(pairs: Sequence[Pair]) -> list[Pair]:
    """Pairs interleaved by fold and kind, so that every prefix is balanced."""
    rank: dict[tuple[int, bool], int] = {}
    keyed = []
    for place, pair in enumerate(pairs):
        kind = (pair.fold, pair.same)
        rank[kind] = rank.get(kind, 0) + 1
        keyed.append((rank[kind], place, pair))
    return [pair for *_order, pair in sorted(keyed, key=lambda entry: entry[:2])]


def _images_of(pairs: Sequence[Pair], most: int | None) -> tuple[str, ...]:
    images: dict[str, None] = {}
    for pair in pairs:
        new = [image for image in (pair.first, pair.second) if image not in images]
        if most is not None and len(images) + len(new) > most:
            continue
        images.update(dict.fromkeys(new))
    return tuple(images)
