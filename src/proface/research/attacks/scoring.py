"""Scores of restored faces: PSNR, LPIPS, rank-1 identification and verification.

Every person has two photos: one, unprotected, is in the gallery; the other is protected, attacked,
and used as the probe. Faces are aligned by the original's landmarks, which favours the attacker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from proface.research.attacks.confidence import Interval, bootstrap, wilson
from proface.research.attacks.face_sets import FaceCrop
from proface.research.evaluation.metrics import psnr
from proface.research.evaluation.perceptual import lpips
from proface.research.evaluation.recognisers import KNOWN, recogniser
from proface.types import Pixels

Floats = npt.NDArray[np.float32]

FALSE_ACCEPTS = 0.01  # false acceptance rate at which verification takes its threshold
RECOGNISERS = tuple(KNOWN)
MOST_LPIPS = 48  # images of a look; LPIPS takes most of the time


@dataclass(frozen=True)
class Scores:
    """The scores of restored images in one look.

    Attributes:
        psnr: of each image, dB.
        lpips: with AlexNet, of at most 48 images, evenly spaced.
        rank1: by recogniser, whether each person was identified at rank 1.
        verified: by recogniser, whether each person was accepted at a FAR of 1 %.
    """

    psnr: list[float]
    lpips: list[float] = field(default_factory=list)
    rank1: dict[str, list[bool]] = field(default_factory=dict)
    verified: dict[str, list[bool]] = field(default_factory=dict)

    def intervals(self) -> dict[str, Interval]:
        """Means and rates with 95 % confidence intervals."""
        found = {"psnr": bootstrap(self.psnr)}
        if self.lpips:
            found["lpips"] = bootstrap(self.lpips)
        for title, by_name in (("rank1", self.rank1), ("verified", self.verified)):
            for name, hits in by_name.items():
                found[f"{title}_{name}"] = wilson(sum(hits), len(hits))
        return found

    def to_json(self) -> dict[str, Any]:
        """Intervals as lists, and the numbers of images and people."""
        people = max((len(hits) for hits in self.rank1.values()), default=0)
        known = {name: [round(v, 4) for v in i] for name, i in self.intervals().items()}
        return {"images": len(self.psnr), "people": people, **known}


class Gallery:
    """The gallery: one photo of each person, and its embeddings.

    Args:
        regions: one for each person.
    """

    def __init__(self, regions: Sequence[FaceCrop]) -> None:
        self.regions = regions
        self._place = {region.person: i for i, region in enumerate(regions)}
        self._vectors: dict[str, Floats] = {}

    def __contains__(self, person: str) -> bool:
        return person in self._place

    def identify(
        self, name: str, faces: Sequence[tuple[FaceCrop, Pixels]]
    ) -> tuple[list[bool], list[bool]]:
        """Whether each probe is identified at rank 1, and whether it is verified.

        Args:
            name: of the recogniser.
            faces: regions of people in the gallery, and the restored pictures.
        """
        embed = recogniser(name)
        if name not in self._vectors:
            self._vectors[name] = np.stack([embed(r.pixels, r.face) for r in self.regions])
        seen = np.stack([embed(picture, region.face) for region, picture in faces])
        own = np.array([self._place[region.person] for region, _ in faces])
        return rank1_and_verified(seen @ self._vectors[name].T, own)


def rank1_and_verified(
    similarity: Floats, own: npt.NDArray[np.integer]
) -> tuple[list[bool], list[bool]]:
    """Rank-1 identification and verification from similarities.

    Args:
        similarity: n x m, of each probe to each person of the gallery.
        own: n, the index of each probe's person.
    """
    rows = np.arange(len(similarity))
    others = np.ones(similarity.shape, bool)
    others[rows, own] = False
    genuine, impostors = similarity[rows, own], np.sort(similarity[others])
    if not len(impostors):  # a gallery of one person
        return [], []
    threshold = impostors[int(np.ceil(len(impostors) * (1 - FALSE_ACCEPTS))) - 1]
    nearest_other = np.where(others, similarity, -np.inf).max(1)
    return (genuine > nearest_other).tolist(), (genuine > threshold).tolist()


def score(regions: Sequence[FaceCrop], pictures: Sequence[Pixels], gallery: Gallery) -> Scores:
    """Compare restored pictures with the originals, and identify people of the gallery."""
    pairs = list(zip(regions, pictures, strict=True))
    scores = Scores(
        [psnr(region.pixels, picture) for region, picture in pairs],
        [
            lpips("alex", region.pixels, picture)
            for region, picture in pairs[:: 1 + len(pairs) // MOST_LPIPS]
        ],
    )
    known = [pair for pair in pairs if pair[0].person in gallery]
    for name in RECOGNISERS if known else ():
        scores.rank1[name], scores.verified[name] = gallery.identify(name, known)
    return scores
