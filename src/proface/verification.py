"""Does a protected file bring everything back? Told before anyone deletes an original."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from proface.keys import Key
from proface.media import Header, Photo, read_photo
from proface.originals import has_original
from proface.pipeline import LEAST_PSNR
from proface.recovering import recover_photo
from proface.revealing import psnr


@dataclass(frozen=True)
class RegionReport:
    """One region.

    Attributes:
        layer: 1 for the last protection, 2 for the one before it.
        opened: whether the key opened it.
        exact: whether its original is sealed in the file; where it was opened, so was the seal.
        psnr: recovered against original, dB; infinity if equal, None without an original.
    """

    n: int
    x: int
    y: int
    w: int
    h: int
    look: str
    layer: int
    opened: bool
    exact: bool = False
    psnr: float | None = None

    @property
    def verdict(self) -> str:
        """What to tell about it."""
        if not self.opened:
            return "no: protected earlier with another password"
        if self.psnr is None:
            return "exactly, from its seal" if self.exact else "yes"
        if not isfinite(self.psnr):
            return "exactly"
        return f"{self.psnr:.1f} dB" + (", TOO LITTLE" if self.psnr < LEAST_PSNR else "")


@dataclass(frozen=True)
class Report:
    """What a verification found.

    Attributes:
        regions: of all protections, the last one first.
        deniable: whether a wrong password would have gone unnoticed.
        outside: how many pixels outside the regions differ; None without an original.
        fault: why the file must not be relied on, or None.
    """

    file: Path
    regions: tuple[RegionReport, ...]
    deniable: bool
    outside: int | None = None
    fault: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it; `psnr` is null for equal pixels and where `original` is false."""
        compared = self.outside is not None
        regions = []
        for region in self.regions:
            record = asdict(region)
            if region.psnr is not None:
                record["psnr"] = round(region.psnr, 2) if isfinite(region.psnr) else None
            regions.append(record)
        return {
            "file": str(self.file),
            "original": compared,
            "regions": regions,
            "deniable": self.deniable,
            "outside_differs": self.outside,
            "fault": self.fault,
        }

    def lines(self) -> list[str]:
        """What to tell besides the regions."""
        lines = ["header and pixels: unaltered"]
        if self.outside == 0:
            lines.append("outside the regions: every pixel equals the original's")
        if self.deniable:
            lines.append("deniable: a wrong password goes unnoticed; only --original tells")
        elif self.outside is None and not all(region.exact for region in self.regions):
            lines.append("compare with --original to know how well each region comes back")
        return lines


def verify_photo(
    file: Path, key: Key, *, original: Path | None = None, sidecar: Path | None = None
) -> Report:
    """Recover a protected file in memory, and compare it with the original if there is one.

    Raises:
        ProfaceError: as `recover_photo`; the original cannot be read.
    """
    wanted = None if original is None else read_photo(original)
    result = recover_photo(file, key, sidecar=sidecar)
    chain = result.header.chain
    deniable = any(header.scheme == "deniable" for header in chain)
    if wanted is not None and wanted.size != result.photo.size:
        regions = _regions(chain, result.still, result.photo, None)
        return Report(file, regions, deniable, None, f"{original} is of another size: not its own?")
    regions = _regions(chain, result.still, result.photo, wanted)
    outside = None if wanted is None else _differing_outside(chain, result.photo, wanted)
    return Report(file, regions, deniable, outside, _fault(regions, outside, original))


def _regions(
    chain: list[Header], still: Header | None, photo: Photo, original: Photo | None
) -> tuple[RegionReport, ...]:
    reports = []
    opened = True
    for layer, header in enumerate(chain, 1):
        opened = opened and header is not still
        for region in header.regions:
            area = region.box.slices
            figure = None
            if opened and original is not None:
                figure = psnr(photo.pixels[area], original.pixels[area])
            facts = {name: value for name, value in vars(region).items() if name != "sha256"}
            exact = has_original(header, region.n)
            reports.append(
                RegionReport(**facts, layer=layer, opened=opened, exact=exact, psnr=figure)
            )
    return tuple(reports)


def _differing_outside(chain: list[Header], photo: Photo, original: Photo) -> int:
    """How many pixels outside all regions differ, transparency included."""
    differs = np.any(photo.pixels != original.pixels, axis=2)
    for header in chain:
        for region in header.regions:
            differs[region.box.slices] = False
    return int(np.count_nonzero(differs | (_alpha(photo) != _alpha(original))))


def _alpha(photo: Photo) -> npt.NDArray[np.uint8]:
    width, height = photo.size
    return np.full((height, width), 255, np.uint8) if photo.alpha is None else photo.alpha


def _fault(
    regions: tuple[RegionReport, ...], outside: int | None, original: Path | None
) -> str | None:
    if outside:
        return f"{outside} pixels outside the regions differ from {original}: not its original?"
    if not all(region.opened for region in regions):
        return "some regions were protected earlier and need their own password."
    poor = [r for r in regions if r.psnr is not None and r.psnr < LEAST_PSNR]
    if poor:
        return (
            f"region {poor[0].n} comes back at {poor[0].psnr:.1f} dB only. Keep the original"
            ", and check that the password is the right one."
        )
    return None
