"""Verify that a protected file recovers, before its original is deleted."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from proface.errors import plural
from proface.files.recover import recover
from proface.files.recovered import Recovered
from proface.files.seals import has_original
from proface.keys import Key
from proface.media.ancillary.parts import names_of_all
from proface.media.ancillary.read import read_ancillary
from proface.media.orientation import upright_box
from proface.media.photo import Photo, read_photo
from proface.models.store import ModelStore
from proface.pipeline.quality import LEAST_PSNR, psnr
from proface.types import Region


@dataclass(frozen=True)
class RegionReport:
    """How well one region recovers.

    Attributes:
        layer: 1 for the latest protection, 2 for the one before it.
        opened: whether the key opened it.
        exact: whether its original is sealed in the file.
        lost: whether the key opened it, but the pixels are damaged too much.
        doubtful: whether the pixels do not decode to a picture under the key of a deniable file.
        psnr: recovered against original, dB; infinity if equal, None without an original.
    """

    region: Region
    layer: int
    opened: bool
    exact: bool = False
    psnr: float | None = None
    lost: bool = False
    doubtful: bool = False

    @property
    def verdict(self) -> str:
        """The result in words."""
        if not self.opened:
            return "no: protected earlier with another password"
        if self.lost:
            return "NO: damaged too much"
        if self.doubtful:
            return "NO: wrong password, or altered"
        if self.psnr is None:
            return "exactly, from its sealed original" if self.exact else "yes"
        if not isfinite(self.psnr):
            return "exactly"
        return f"{self.psnr:.1f} dB" + (", TOO LOW" if self.psnr < LEAST_PSNR else "")

    def to_json(self) -> dict[str, Any]:
        """As JSON; `psnr` is null for equal pixels and without an original."""
        finite = self.psnr is not None and isfinite(self.psnr)
        return {
            **self.region.describe(),
            "layer": self.layer,
            "opened": self.opened,
            "exact": self.exact,
            "lost": self.lost,
            "doubtful": self.doubtful,
            "psnr": round(self.psnr, 2) if self.psnr is not None and finite else None,
        }


@dataclass(frozen=True)
class Report:
    """The result of a verification.

    Attributes:
        regions: of all protections, latest first.
        deniable: whether a wrong password cannot be noticed.
        outside: how many pixels outside the regions differ; None without an original, or if its
            size or orientation is another.
        changed: what changed in the picture, as far as its header tells.
        from_pixels: whether there is no header that fits the picture.
        verified: whether a MAC under the key vouches for the header; see `Recovered`.
        fault: why the verification failed, or None.
        sealed_parts: names of what else was in the original and comes back.
        left_out: names of what else was in it and is lost, as far as key and original tell.
        converted: what was changed in the picture when it was protected.
        compared: whether there was an original to compare with.
        turned: whether the picture was turned or mirrored since it was protected.
    """

    file: Path
    regions: tuple[RegionReport, ...]
    deniable: bool
    outside: int | None = None
    changed: tuple[str, ...] = ()
    from_pixels: bool = False
    verified: bool = False
    fault: str | None = None
    sealed_parts: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    converted: tuple[str, ...] = ()
    compared: bool = False
    turned: bool = False

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "file": str(self.file),
            "original": self.compared,
            "regions": [report.to_json() for report in self.regions],
            "deniable": self.deniable,
            "outside_differs": self.outside,
            "changed": list(self.changed),
            "verified": self.verified,
            "fault": self.fault,
            "sealed": list(self.sealed_parts),
            "left_out": list(self.left_out),
            "converted": list(self.converted),
        }

    def lines(self) -> list[str]:
        """The result in words, besides the regions."""
        lines = [f"changed since it was protected: {change}" for change in self.changed]
        if self.turned:
            lines.append("turned or mirrored since it was protected")
        if self.from_pixels:
            lines.append(
                "no header that fits: the regions were found by their pixels, and nothing tells "
                "whether the picture was altered"
            )
        elif self.deniable:
            lines.append(
                "header and pixels fit each other, but nothing vouches for them: anyone can write "
                "the header of a deniable file"
            )
        elif self.verified and not self.changed:
            lines.append("header and pixels: unaltered")
        for what, names in (
            ("also sealed", self.sealed_parts),
            ("NOT in the file, and lost with the original", self.left_out),
            ("converted when it was protected", self.converted),
        ):
            if names:
                lines.append(f"{what}: {', '.join(names)}")
        if self.outside == 0:
            lines.append("outside the regions: every pixel equals the original's")
        if self.deniable:
            lines.append(
                "deniable: only a comparison with `original` shows whether the password is correct"
            )
        elif not self.compared and not all(region.exact for region in self.regions):
            lines.append("give `original` to measure how well each region recovers")
        return lines


def verify(
    file: str | os.PathLike[str],
    key: Key,
    *,
    original: str | os.PathLike[str] | None = None,
    sidecar: Path | None = None,
    models: ModelStore | None = None,
) -> Report:
    """Recover a protected file in memory, and compare it with the original if given.

    Raises:
        ProfaceError: as `recover`; the original cannot be read.
    """
    wanted = None if original is None else read_photo(original)
    result = recover(file, key, sidecar=sidecar, models=models)
    photo, chain = result.photo.as_pixels(), result.header.chain
    deniable = any(header.scheme == "deniable" for header in chain)
    outside: int | None = None
    if wanted is not None and (result.turned or wanted.size != photo.size):
        what = "is turned otherwise" if result.turned else "has another size"
        fault: str | None = f"{original} {what}: {_why_different(result)}"
        regions = _regions(result, photo, None)
    else:
        regions = _regions(result, photo, wanted)
        if wanted is not None:
            outside = _differing_outside(regions, photo, wanted)
        fault = _fault(regions)
        if outside:
            differ = f"{plural(outside, 'pixel')} outside the regions differ from {original}"
            fault = f"{differ}: {_why_different(result)}"
    sealed, left_out = _parts(result, wanted, original)
    return Report(
        Path(file),
        regions,
        deniable,
        outside,
        result.changed,
        result.from_pixels,
        result.verified,
        fault,
        sealed,
        left_out,
        result.ancillary.converted,
        wanted is not None,
        result.turned,
    )


def _why_different(result: Recovered) -> str:
    if result.changed or result.from_pixels or result.turned:
        return "the picture was changed after it was protected. Keep the original."
    return "is it another photo?"


def _parts(
    result: Recovered, wanted: Photo | None, original: str | os.PathLike[str] | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of what else was in the original file: what comes back, and what is lost."""
    sealed = names_of_all(result.photo.metadata, result.ancillary)
    lost = result.ancillary.dropped
    if wanted is not None and original is not None:
        found = read_ancillary(Path(original))
        lost += (*wanted.metadata.names, *found.names, *found.dropped)
    return sealed, tuple(dict.fromkeys(name for name in lost if name not in sealed))


def _regions(result: Recovered, photo: Photo, original: Photo | None) -> tuple[RegionReport, ...]:
    """The regions of all protections; boxes in the upright picture."""
    reports = []
    opened = True
    closed = set(result.closed)
    for layer, header in enumerate(result.header.chain, 1):
        opened = opened and (result.still is None or header.mac != result.still.mac)
        for region in header.regions:
            box = upright_box(region.box, result.photo.orientation, photo.size)
            figure = None
            mine = opened and region not in closed
            damaged = mine and any(
                face.n == region.n and face.how == "lost" for face in result.faces
            )
            if mine and not damaged and original is not None:
                figure = psnr(photo.pixels[box.slices], original.pixels[box.slices])
            doubtful = mine and any(face.n == region.n and face.doubtful for face in result.faces)
            exact = has_original(header, region.n)
            placed = replace(region, x=box.x, y=box.y, w=box.w, h=box.h)
            reports.append(RegionReport(placed, layer, mine, exact, figure, damaged, doubtful))
    return tuple(reports)


def _differing_outside(regions: tuple[RegionReport, ...], photo: Photo, original: Photo) -> int:
    """Count the pixels outside all regions that differ, including alpha."""
    differs = np.any(photo.pixels != original.pixels, axis=2)
    for report in regions:
        differs[report.region.box.slices] = False
    return int(np.count_nonzero(differs | (_alpha(photo) != _alpha(original))))


def _alpha(photo: Photo) -> npt.NDArray[np.uint8]:
    width, height = photo.size
    return np.full((height, width), 255, np.uint8) if photo.alpha is None else photo.alpha


def _fault(regions: tuple[RegionReport, ...]) -> str | None:
    if not all(region.opened for region in regions):
        return "some regions were protected earlier with another password. Verify with that too."
    lost = [region for region in regions if region.lost]
    if lost:
        return f"region {lost[0].region.n} is damaged and does not recover. Keep the original."
    doubtful = [region for region in regions if region.doubtful]
    if doubtful:
        return (
            f"region {doubtful[0].region.n} does not decode to a picture: the password is wrong, "
            "or the file was altered. Keep the original."
        )
    poor = [r for r in regions if r.psnr is not None and r.psnr < LEAST_PSNR]
    if poor:
        return (
            f"region {poor[0].region.n} recovers at only {poor[0].psnr:.1f} dB. Keep the original, "
            "and check the password."
        )
    return None
