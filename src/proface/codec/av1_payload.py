"""AV1 stills without their container: what every AVIF of ours has in common is put back to decode.

An AVIF of one picture is a `meta` box of about 280 bytes, an AV1 temporal delimiter, a sequence
header and one frame. With the encoder's tools fixed, all but the frame follows from the picture's
size, so the frame alone is worth carrying.
"""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image

from proface.errors import DamagedFileError
from proface.types import Pixels

MIN_SIDE = 8
MAX_PIXELS = 1 << 21  # nothing larger is handed to the codec, which bounds time and memory
MAX_FRAME = 1 << 20  # bytes
COARSEST, FINEST = 0, 62  # quantisers; libavif has 64 and the last is lossless, of another kind

_TEMPORAL_DELIMITER = b"\x12\x00"
_SEQUENCE_HEADER_OBU, _FRAME_OBU = 0x0A, 0x32  # OBU header bytes, each announcing a size field
_ENCODER = {
    "tune": "psnr",
    # Deringing is off by default for stills; on, it gains 0.1 to 0.2 dB for 1 % of the time.
    "enable-cdef": "1",
    "enable-restoration": "0",  # its side information costs more than it gains at this size
    "min-partition-size": "8",  # blocks of 4 pixels gain 0.04 dB and take a third of the time
    "sb-size": "64",  # else it depends on the picture's size, and the sequence header with it
}


def encode_frame(pixels: Pixels, quantiser: int, speed: int) -> bytes:
    """The AV1 frame of a picture, without container and sequence header.

    Args:
        pixels: H x W x 3, sides and area in the limits above.
        quantiser: from `COARSEST` to `FINEST`.
        speed: libaom's, 0 (slowest) to 10.
    """
    height, width = pixels.shape[:2]
    _check_size(height, width)
    file = io.BytesIO()
    # Chroma at full resolution gains 0.3 dB over 4:2:0 at every rate, faces being full of red.
    Image.fromarray(pixels).save(
        file,
        "AVIF",
        quality=_quality(quantiser),
        speed=speed,
        subsampling="4:4:4",
        max_threads=1,
        codec="aom",
        advanced=_ENCODER,
    )
    return strip(file.getvalue(), height, width)


def decode_frame(frame: bytes, height: int, width: int) -> Pixels:
    """The picture of a frame made by `encode_frame`; zero bytes may follow the frame.

    Raises:
        DamagedFileError: The bytes are no such frame. Some damage shows only in the picture.
    """
    _check_size(height, width)
    if len(frame) > MAX_FRAME:
        raise DamagedFileError("A face's AV1 frame is too long.")
    try:
        # A frame cannot change the size stated in the sequence header, which is ours.
        with Image.open(io.BytesIO(rebuild(frame, height, width)), formats=["AVIF"]) as image:
            if image.size == (width, height) and image.mode == "RGB":
                return np.asarray(image).copy()
    except (OSError, SyntaxError, ValueError, RuntimeError):
        pass  # whatever libavif calls it
    raise DamagedFileError("A face's AV1 frame is damaged.")


def strip(avif: bytes, height: int, width: int) -> bytes:
    """The frame's bytes in an AVIF file.

    Raises:
        RuntimeError: The file is not laid out as `rebuild` would, by a change in the encoder.
    """
    expected = (
        b"mdat" + _TEMPORAL_DELIMITER + _obu(_SEQUENCE_HEADER_OBU, sequence_header(height, width))
    )
    start = avif.find(expected) + len(expected)
    if start < len(expected) or avif[start] != _FRAME_OBU:
        raise RuntimeError("this Pillow writes AVIF in another way than this module reads it")
    size, start = _read_size(avif, start + 1)
    if start + size != len(avif):
        raise RuntimeError("this Pillow writes an AVIF still as more than one frame")
    return avif[start:]


def rebuild(frame: bytes, height: int, width: int) -> bytes:
    """An AVIF file around a frame's bytes, as any reader of AVIF opens it."""
    sequence = _obu(_SEQUENCE_HEADER_OBU, sequence_header(height, width))
    media = _TEMPORAL_DELIMITER + sequence + _obu(_FRAME_OBU, frame)
    properties = (
        _box(b"ispe", struct.pack(">III", 0, width, height))
        + _box(b"pixi", b"\0\0\0\0\x03\x08\x08\x08")
        + _box(b"av1C", bytes([0x81, 0x20 | _level(height, width), 0x00, 0x00]))
        + _box(b"colr", b"nclx" + struct.pack(">HHHB", 1, 13, 6, 0x80))
    )
    association = b"\0\0\0\0\0\0\0\x01\x00\x01\x04\x01\x02\x83\x04"
    entry = _box(b"infe", b"\x02\0\0\0\0\x01\0\0av01Color\0")

    def meta(offset: int) -> bytes:
        place = b"\0\0\0\0\x44\0\0\x01\0\x01\0\0\0\x01" + struct.pack(">II", offset, len(media))
        return _box(
            b"meta",
            b"\0\0\0\0"
            + _box(b"hdlr", b"\0" * 8 + b"pict" + b"\0" * 13)
            + _box(b"pitm", b"\0\0\0\0\0\x01")
            + _box(b"iloc", place)
            + _box(b"iinf", b"\0\0\0\0\0\x01" + entry)
            + _box(b"iprp", _box(b"ipco", properties) + _box(b"ipma", association)),
        )

    head = _box(b"ftyp", b"avif\0\0\0\0avifmif1miafMA1A")
    offset = len(head) + len(meta(0)) + 8
    return head + meta(offset) + _box(b"mdat", media)


def sequence_header(height: int, width: int) -> bytes:
    """The AV1 sequence header (AV1 specification, 5.5.1) of a still: 8 bits, 4:4:4, full range."""
    across, down = (width - 1).bit_length(), (height - 1).bit_length()
    fields = (
        (1, 3),  # seq_profile: 1 has 4:4:4
        (0b11, 2),  # still_picture, reduced_still_picture_header
        (_level(height, width), 5),
        (across - 1, 4),
        (down - 1, 4),
        (width - 1, across),
        (height - 1, down),
        (0, 1),  # use_128x128_superblock
        (0b11, 2),  # enable_filter_intra, enable_intra_edge_filter
        (0b010, 3),  # no superres, cdef, no loop restoration
        (0, 1),  # high_bitdepth
        (1, 1),  # color_description_present_flag
        (1, 8),  # BT.709 primaries
        (13, 8),  # sRGB transfer
        (6, 8),  # BT.601 matrix
        (1, 1),  # full range
        (0, 1),  # separate_uv_delta_q
        (0, 1),  # film_grain_params_present
        (1, 1),  # the one that ends it
    )
    bits = "".join(f"{value:0{size}b}" for value, size in fields)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def _level(height: int, width: int) -> int:
    """seq_level_idx as libaom chooses it (AV1 specification, annex A.3)."""
    for level, samples, most_across, most_down in (
        (0, 147456, 2048, 1152),
        (1, 278784, 2816, 1584),
        (4, 665856, 4352, 2448),
        (5, 1065024, 5504, 3096),
        (8, 2359296, 6144, 3456),
    ):
        if width * height <= samples and width <= most_across and height <= most_down:
            return level
    return 12


def _quality(quantiser: int) -> int:
    """Pillow's number for one of the 64 quantisers."""
    return round(quantiser * 100 / 63)


def _check_size(height: int, width: int) -> None:
    if min(height, width) < MIN_SIDE or height * width > MAX_PIXELS:
        raise ValueError(f"a picture of {width} x {height} pixels is not coded")


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


def _obu(header: int, content: bytes) -> bytes:
    """An AV1 unit: header byte, size in groups of 7 bits, content."""
    size, out = len(content), bytearray([header])
    while size > 0x7F:
        out.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([*out, size]) + content


def _read_size(data: bytes, at: int) -> tuple[int, int]:
    """A size in groups of 7 bits, and the place after it."""
    size = shift = 0
    while data[at] & 0x80:
        size |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return size | data[at] << shift, at + 1
