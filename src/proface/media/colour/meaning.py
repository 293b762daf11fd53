"""The profile that a picture's colours mean, however its file states it.

Other containers know only ICC profiles, and without one everybody assumes sRGB.
"""

from __future__ import annotations

from typing import NamedTuple

from PIL import ExifTags, Image

from proface.errors import UnsupportedImageError
from proface.media.colour import profiles
from proface.media.colour.profiles import Primaries

_SRGB_GAMMA = 1 / 2.2
_TOLERANCE = 0.005  # of gAMA and cHRM, which state sRGB with rounding
# ITU-T H.273, tables 2 and 3: what codes of primaries and transfer functions mean.
_UNSPECIFIED = 2
_PRIMARIES = {
    1: profiles.SRGB,
    5: Primaries((0.3127, 0.3290), (0.64, 0.33), (0.29, 0.60), (0.15, 0.06)),
    6: Primaries((0.3127, 0.3290), (0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    7: Primaries((0.3127, 0.3290), (0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    9: profiles.BT2020,
    12: profiles.DISPLAY_P3,
}
_BT709 = {1, 6, 14, 15}
_SRGB = 13
_LINEAR = 8
_GAMMAS = {4: 2.2, 5: 2.8}
_HDR = {16: "PQ", 18: "HLG"}
_ADOBE_GAMMA = 563 / 256
_INTEROPERABILITY_INDEX, _ADOBE_RGB = 1, "R03"


class CodePoints(NamedTuple):
    """Coding-independent code points (CICP, ITU-T H.273): primaries and transfer function."""

    primaries: int
    transfer: int


def profile_of(image: Image.Image, codes: CodePoints | None, source: str) -> bytes | None:
    """The ICC profile of an opened picture, made where its file has none; None for sRGB.

    codes: from a PNG's cICP chunk or an AVIF's or HEIC's colour box; in a PNG they precede a
    profile, elsewhere a profile precedes them.

    Raises UnsupportedImageError for HDR transfer functions, which 8 bits do not hold.
    """
    icc = image.info.get("icc_profile") or None
    if codes is not None and (icc is None or image.format == "PNG"):
        made = _from_codes(codes, source)
        if made is not None or codes.primaries in _PRIMARIES:
            return made
    if icc is not None:
        return icc if isinstance(icc, bytes) else None
    if image.format == "PNG" and "srgb" not in image.info:
        return _from_gamma(image)
    if not _is_adobe(image):
        return None
    curve = profiles.gamma_curve(_ADOBE_GAMMA)
    return profiles.rgb_profile(profiles.ADOBE_RGB, curve, "Adobe RGB (1998) compatible")


def _from_codes(codes: CodePoints, source: str) -> bytes | None:
    if codes.transfer in _HDR:
        raise UnsupportedImageError(
            f"{source}: the picture is HDR ({_HDR[codes.transfer]}), which is not supported. "
            "Export it for a standard range (SDR)."
        )
    primaries = _PRIMARIES.get(codes.primaries)
    if primaries is None:
        return None
    # The BT.709 curve in a file is the camera's; pictures are shown, and tagged, as sRGB.
    plain = codes.transfer in {_SRGB, _UNSPECIFIED} or (
        codes.transfer in _BT709 and primaries in (profiles.SRGB, _PRIMARIES[5], _PRIMARIES[6])
    )
    if plain and primaries == profiles.SRGB:
        return None
    if codes.transfer == _LINEAR:
        curve = profiles.gamma_curve(1.0)
    elif codes.transfer in _GAMMAS:
        curve = profiles.gamma_curve(_GAMMAS[codes.transfer])
    elif codes.transfer in _BT709 and not plain:
        curve = profiles.sampled_curve(profiles.bt709_light)
    else:
        curve = profiles.sampled_curve(profiles.srgb_light)
    return profiles.rgb_profile(primaries, curve, f"CICP {codes.primaries}/{codes.transfer}")


def _from_gamma(image: Image.Image) -> bytes | None:
    """The profile of a PNG's gAMA and cHRM (PNG, third edition, 11.3.2)."""
    gamma, xy = image.info.get("gamma"), image.info.get("chromaticity")
    if gamma is None and xy is None:
        return None
    plain = gamma is None or abs(gamma - _SRGB_GAMMA) < _TOLERANCE
    primaries = profiles.SRGB
    if xy is not None:
        primaries = Primaries(*zip(xy[0::2], xy[1::2], strict=True))
    pairs = zip(
        (c for p in primaries for c in p), (c for p in profiles.SRGB for c in p), strict=True
    )
    if all(abs(one - other) < _TOLERANCE for one, other in pairs):
        primaries = profiles.SRGB
    if plain and primaries == profiles.SRGB:
        return None
    if gamma is not None and not 0.01 <= gamma <= 10:
        return None  # no display has it: a writer's error
    curve = profiles.sampled_curve(profiles.srgb_light)
    if gamma is not None and not plain:
        curve = profiles.gamma_curve(1 / gamma)
    if image.mode in ("1", "L", "LA", "I;16"):
        return profiles.grey_profile(curve, "PNG gAMA")
    try:
        return profiles.rgb_profile(primaries, curve, "PNG gAMA and cHRM")
    except ValueError:  # impossible primaries
        return None


def _is_adobe(image: Image.Image) -> bool:
    """Whether EXIF says Adobe RGB, as cameras do that embed no profile (DCF 2.0, option file)."""
    try:
        directory = image.getexif().get_ifd(ExifTags.IFD.Interop)
        return str(directory.get(_INTEROPERABILITY_INDEX, "")).strip("\0 ") == _ADOBE_RGB
    except Exception:  # Pillow raises many types for damaged tags
        return False
