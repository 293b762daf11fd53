"""How much of a face a picture gives back: decibels, LPIPS, and whether recognisers name it.

Every person has two photos. One, as it is, is in the gallery; the other is hidden, attacked, and
looked up there. Landmarks are those of the original: the attacker is granted them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from proface.attacks.intervals import Interval, bootstrap, wilson
from proface.attacks.material import Region
from proface.evaluation.metrics import psnr
from proface.faces.recognisers import KNOWN, recogniser

if TYPE_CHECKING:
    from proface.evaluation.perceptual import Lpips

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

FALSE_ACCEPTS = 0.01  # of pairs of different people, where verification takes its threshold
RECOGNISERS = tuple(KNOWN)
MOST_LPIPS = 48  # images of a look, as it takes longer than all else


@dataclass(frozen=True)
class Scores:
    """What came back, of one look.

    Attributes:
        psnr: of each image, dB.
        lpips: AlexNet's, of at most 48 images evenly over them.
        rank1: by recogniser, whether each person was named first.
        verified: by recogniser, whether each person was accepted at 1 % false accepts.
    """

    psnr: list[float]
    lpips: list[float] = field(default_factory=list)
    rank1: dict[str, list[bool]] = field(default_factory=dict)
    verified: dict[str, list[bool]] = field(default_factory=dict)

    def intervals(self) -> dict[str, Interval]:
        """All of it with 95 % intervals."""
        found = {"psnr": bootstrap(self.psnr)}
        if self.lpips:
            found["lpips"] = bootstrap(self.lpips)
        for title, by_name in (("rank1", self.rank1), ("verified", self.verified)):
            for name, hits in by_name.items():
                found[f"{title}_{name}"] = wilson(sum(hits), len(hits))
        return found

    def to_json(self) -> dict[str, Any]:
        """Intervals as lists, and how many images and people."""
        people = max((len(hits) for hits in self.rank1.values()), default=0)
        known = {name: [round(v, 4) for v in i] for name, i in self.intervals().items()}
        return {"images": len(self.psnr), "people": people, **known}


class Gallery:
    """A photo of each person, as it is, and what each recogniser makes of it.

    Args:
        regions: one of each person.
    """

    def __init__(self, regions: Sequence[Region]) -> None:
        self.regions = regions
        self._place = {region.person: i for i, region in enumerate(regions)}
        self._vectors: dict[str, Floats] = {}

    def __contains__(self, person: str) -> bool:
        return person in self._place

    def look_up(
        self, name: str, faces: Sequence[tuple[Region, Pixels]]
    ) -> tuple[list[bool], list[bool]]:
        """Whether each picture is nearest to its own person's, and whether it is accepted as that.

        Args:
            name: the recogniser.
            faces: regions of people in the gallery, and the pictures in their place.
        """
        embed = recogniser(name).embed
        if name not in self._vectors:
            self._vectors[name] = np.stack([embed(r.pixels, r.face) for r in self.regions])
        seen = np.stack([embed(picture, region.face) for region, picture in faces])
        own = np.array([self._place[region.person] for region, _ in faces])
        return found(seen @ self._vectors[name].T, own)


def found(alike: Floats, own: npt.NDArray[np.integer]) -> tuple[list[bool], list[bool]]:
    """Rank 1 and verification out of likenesses.

    Args:
        alike: n x m, of each picture to each person of the gallery.
        own: n, which of the m each one is.
    """
    rows = np.arange(len(alike))
    others = np.ones(alike.shape, bool)
    others[rows, own] = False
    genuine, impostors = alike[rows, own], np.sort(alike[others])
    if not len(impostors):  # a gallery of one tells nothing
        return [], []
    threshold = impostors[int(np.ceil(len(impostors) * (1 - FALSE_ACCEPTS))) - 1]
    nearest_other = np.where(others, alike, -np.inf).max(1)
    return (genuine > nearest_other).tolist(), (genuine > threshold).tolist()


def judge(regions: Sequence[Region], pictures: Sequence[Pixels], gallery: Gallery) -> Scores:
    """Compare pictures with the regions that they came from, and look up those of known people."""
    pairs = list(zip(regions, pictures, strict=True))
    scores = Scores(
        [psnr(region.pixels, picture) for region, picture in pairs],
        [
            perceptual(region.pixels, picture)
            for region, picture in pairs[:: 1 + len(pairs) // MOST_LPIPS]
        ],
    )
    known = [pair for pair in pairs if pair[0].person in gallery]
    for name in RECOGNISERS if known else ():
        scores.rank1[name], scores.verified[name] = gallery.look_up(name, known)
    return scores


@lru_cache(maxsize=1)
def _lpips() -> Lpips:
    from proface.evaluation.perceptual import Lpips

    return Lpips("alex")


def perceptual(a: Pixels, b: Pixels) -> float:
    """LPIPS (AlexNet) of two images."""
    import torch

    with torch.inference_mode():
        levels = torch.from_numpy(np.stack((a, b))).permute(0, 3, 1, 2).float() / 127.5 - 1
        return float(_lpips()(levels[:1], levels[1:]))
