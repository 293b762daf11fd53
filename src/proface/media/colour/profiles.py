"""Make small ICC profiles (ICC.1:2010): primaries and a curve, or a curve alone for grey.

Pillow's LittleCMS binding reads profiles, but makes none but sRGB.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_D50 = (0.9642, 1.0, 0.8249)
# Bradford cone response, as ICC.1:2010, annex E, adapts white points.
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_HEADER, _ENTRY = 128, 12
_MOST_TAGS = 200
_SAMPLES = 1024


class Primaries(NamedTuple):
    """CIE xy of white, red, green and blue."""

    white: tuple[float, float]
    red: tuple[float, float]
    green: tuple[float, float]
    blue: tuple[float, float]


_D65 = (0.3127, 0.3290)
SRGB = Primaries(_D65, (0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
DISPLAY_P3 = Primaries(_D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
BT2020 = Primaries(_D65, (0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
ADOBE_RGB = Primaries(_D65, (0.64, 0.33), (0.21, 0.71), (0.15, 0.06))


def gamma_curve(exponent: float) -> bytes:
    """A curve tag: light = value ** exponent."""
    return b"curv" + struct.pack(">IIH", 0, 1, min(65535, max(1, round(exponent * 256))))


def sampled_curve(light: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]) -> bytes:
    """A curve tag from a function of values, 0 to 1."""
    samples = np.clip(light(np.linspace(0, 1, _SAMPLES)), 0, 1)
    table = np.round(samples * 65535).astype(">u2").tobytes()
    return b"curv" + struct.pack(">II", 0, _SAMPLES) + table


def srgb_light(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The transfer function of sRGB (IEC 61966-2-1)."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def bt709_light(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The transfer function of BT.709, which BT.601 and BT.2020 share."""
    return np.where(values < 0.081, values / 4.5, ((values + 0.099) / 1.099) ** (1 / 0.45))


def rgb_profile(primaries: Primaries, curve: bytes, name: str) -> bytes:
    """A profile for RGB pictures. Raises ValueError for primaries that span no gamut."""
    columns = [_xyz(xy) for xy in primaries[1:]]  # red, green, blue
    white = _xyz(primaries.white)
    try:
        scale = np.linalg.solve(np.array(columns).T, white)
    except np.linalg.LinAlgError:
        raise ValueError("primaries on a line") from None
    adapt = _adaptation(white)
    coordinates = [adapt @ (column * part) for column, part in zip(columns, scale, strict=True)]
    if not np.all(np.isfinite(coordinates)) or np.max(np.abs(coordinates)) > 100:
        raise ValueError("primaries out of range")
    tags = {b"wtpt": _xyz_tag(_D50)}
    for letter, value in zip(b"rgb", coordinates, strict=True):
        tags[bytes((letter,)) + b"XYZ"] = _xyz_tag(value)
        tags[bytes((letter,)) + b"TRC"] = curve
    return _profile(b"RGB ", tags, name)


def grey_profile(curve: bytes, name: str) -> bytes:
    """A profile for greyscale pictures."""
    return _profile(b"GRAY", {b"wtpt": _xyz_tag(_D50), b"kTRC": curve}, name)


def colour_space(icc: bytes) -> str:
    """The data colour space that a profile states: "RGB", "GRAY", "CMYK"; empty if damaged."""
    return icc[16:20].decode("latin-1").strip() if icc[36:40] == b"acsp" else ""


def fitting(icc: bytes | None, *, grey: bool) -> bytes | None:
    """A profile for pictures in colour or grey with the meaning of this one; None if unknown.

    Grey levels mean the same under both.
    """
    if icc is None:
        return None
    space = colour_space(icc)
    if space == ("GRAY" if grey else "RGB"):
        return icc
    if not space:  # damaged: for readers to judge
        return icc
    curve = _tag(icc, b"rTRC" if grey else b"kTRC")
    if space not in ("GRAY", "RGB") or curve is None:
        return None
    if grey:
        return grey_profile(curve, "Grey")
    return rgb_profile(SRGB, curve, "Grey levels in RGB")


def _tag(icc: bytes, name: bytes) -> bytes | None:
    """A tag's data; None if it is not there or damaged."""
    count = int.from_bytes(icc[_HEADER : _HEADER + 4], "big")
    for n in range(min(count, _MOST_TAGS)):
        at = _HEADER + 4 + n * _ENTRY
        if icc[at : at + 4] == name:
            offset, length = struct.unpack(">II", icc[at + 4 : at + _ENTRY])
            data = icc[offset : offset + length]
            return data if len(data) == length >= 12 and data[:4] in (b"curv", b"para") else None
    return None


def _xyz(xy: Sequence[float]) -> npt.NDArray[np.float64]:
    x, y = xy
    if y <= 0:
        raise ValueError("a chromaticity without luminance")
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _adaptation(white: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    cones = _BRADFORD @ np.array(_D50) / (_BRADFORD @ white)
    return np.asarray(np.linalg.inv(_BRADFORD) @ np.diag(cones) @ _BRADFORD)


def _xyz_tag(value: Sequence[float] | npt.NDArray[np.float64]) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(round(v * 65536).to_bytes(4, "big", signed=True)
                                          for v in map(float, value))  # fmt: skip


def _profile(space: bytes, tags: dict[bytes, bytes], name: str) -> bytes:
    text = name.encode("ascii") + b"\0"
    description = b"desc" + bytes(4) + len(text).to_bytes(4, "big") + text + bytes(78)
    tags = {b"desc": description, b"cprt": b"text" + bytes(4) + b"No copyright\0", **tags}
    place = _HEADER + 4 + _ENTRY * len(tags)
    table, body = len(tags).to_bytes(4, "big"), b""
    places: dict[bytes, int] = {}  # equal curves are stored once
    for signature, data in tags.items():
        if data not in places:
            places[data] = place + len(body)
            body += data + bytes(-len(data) % 4)
        table += signature + struct.pack(">II", places[data], len(data))
    length = _HEADER + len(table) + len(body)
    header = struct.pack(">I4xI4s4s4s", length, 0x02400000, b"mntr", space, b"XYZ ")
    header += struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    header += _xyz_tag(_D50)[8:]
    return header + bytes(_HEADER - len(header)) + table + body
