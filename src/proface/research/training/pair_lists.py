"""Verification pairs in LFW's format, and identity triplets, of a data set."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from proface.errors import UsageError
from proface.research.training.dataset_layouts import Item, by_person

NUMBERED = re.compile(r"_(\d{4})$")  # LFW's names: Person_Name_0001.jpg

Matched = tuple[str, int, int]  # person, two of their images
Mismatched = tuple[str, int, str, int]


def pairs(items: Sequence[Item], folds: int, each: int | None, seed: int) -> tuple[str, int]:
    """Verification pairs in the format of LFW's official lists.

    The first line has the number of folds and of matched pairs in each; then, for each fold, its
    matched pairs (person, two numbers) and as many mismatched ones (person, number, other person,
    number), tab-separated. Folds are identity-disjoint. A number is that of the file's name, if all
    of the person's end as `_0001`; otherwise the index among the person's sorted images, from 1.

    Args:
        items: with known identities.
        folds: number of folds; LFW has 10.
        each: matched pairs of a fold; None for as many as every fold allows, up to 300.
        seed: of the random draws.

    Returns:
        The text, and the number of matched pairs in a fold.

    Raises:
        UsageError: too few people or images.
    """
    people = _people(items)
    numbers = {name: _numbers(images) for name, images in people.items()}
    generator = np.random.default_rng(seed)
    groups = _folds(numbers, folds, generator)
    matched = [
        [(name, a, b) for name in group for a, b in combinations(numbers[name], 2)]
        for group in groups
    ]
    most = min(len(pairs) for pairs in matched)
    wanted = min(most, 300) if each is None else each
    if not 1 <= wanted <= most or any(len(group) < 2 for group in groups):
        raise UsageError(
            f"{folds} folds of {wanted} pairs: the images here allow {most} in each. Give fewer "
            "folds or pairs, or more images of each person."
        )
    lines = [f"{folds}\t{wanted}"]
    for group, candidates in zip(groups, matched, strict=True):
        chosen = generator.permutation(len(candidates))[:wanted]
        lines += ["\t".join(map(str, candidates[i])) for i in sorted(chosen)]
        lines += [
            "\t".join(map(str, pair)) for pair in _mismatched(group, numbers, wanted, generator)
        ]
    return "\n".join(lines) + "\n", wanted


def triplets(items: Sequence[Item], folder: Path, count: int | None, seed: int) -> tuple[str, int]:
    """Anchor, positive (same person) and negative (another person), tab-separated.

    Paths are relative to `folder`.

    Args:
        items: with known identities, below the folder.
        folder: of the data set.
        count: number of triplets; None for one for each image whose person has another.
        seed: of the random draws.

    Returns:
        The text, and the number of triplets.

    Raises:
        UsageError: too few people or images.
    """
    people = _people(items)
    anchors = [item for images in people.values() if len(images) > 1 for item in images]
    if not anchors:
        raise UsageError(f"{folder}: nobody has two images. Triplets need some who do.")
    generator = np.random.default_rng(seed)
    everyone = [item for images in people.values() for item in images]
    lines = []
    for n in range(count or len(anchors)):
        if n % len(anchors) == 0:
            order = generator.permutation(len(anchors))
        anchor = anchors[order[n % len(anchors)]]
        same = [item for item in people[anchor.person] if item != anchor]
        positive = same[generator.integers(len(same))]
        negative = anchor
        while negative.person == anchor.person:
            negative = everyone[generator.integers(len(everyone))]
        places = (i.path.relative_to(folder).as_posix() for i in (anchor, positive, negative))
        lines.append("\t".join(places))
    return "\n".join(lines) + "\n", len(lines)


def _people(items: Sequence[Item]) -> dict[str, list[Item]]:
    people = by_person(items)
    if len(people) < 2:
        raise UsageError(
            f"{len(people)} people are known here; two are the least. Give --layout people, or "
            "another folder: one with a folder for each person, or CelebA with its lists."
        )
    return people


def _numbers(images: Sequence[Item]) -> list[int]:
    """The number of each image of a person in the list."""
    named = [NUMBERED.search(item.path.stem) for item in images]
    if all(named):
        return [int(match[1]) for match in named if match]
    return list(range(1, len(images) + 1))


def _folds(
    numbers: dict[str, list[int]], folds: int, generator: np.random.Generator
) -> list[list[str]]:
    """Assign people to folds with about equal numbers of pairs."""
    names = [list(numbers)[i] for i in generator.permutation(len(numbers))]
    names.sort(key=lambda name: -len(numbers[name]))  # stable: ties are random
    groups: list[list[str]] = [[] for _ in range(folds)]
    load = [(0, 0)] * folds  # pairs, people
    for name in names:
        poorest = load.index(min(load))
        groups[poorest].append(name)
        pairs, people = load[poorest]
        load[poorest] = pairs + len(numbers[name]) * (len(numbers[name]) - 1) // 2, people + 1
    return [sorted(group) for group in groups]


def _mismatched(
    group: list[str],
    numbers: dict[str, list[int]],
    count: int,
    generator: np.random.Generator,
) -> list[Mismatched]:
    """Distinct random pairs of images of two people."""
    images = sum(len(numbers[name]) for name in group)
    possible = (images**2 - sum(len(numbers[name]) ** 2 for name in group)) // 2
    if possible < count:
        raise UsageError(f"a fold has {possible} mismatched pairs, fewer than {count}.")
    found: set[Mismatched] = set()
    while len(found) < count:
        first, second = sorted(generator.choice(len(group), 2, replace=False))
        a, b = group[first], group[second]
        found.add((a, int(generator.choice(numbers[a])), b, int(generator.choice(numbers[b]))))
    return sorted(found)
