"""Photos in and out: reading any of them, writing them without loss, and the header they carry.

file --read_photo--> Photo --write_photo(header)--> protected file
protected file --read_protected--> Photo, header bytes --Header.from_bytes--> Header
check_pixels(header, photo): what was altered since
"""

from proface.media.container import (
    LOSSLESS_SUFFIXES,
    check_suffix,
    find_header,
    read_protected,
    sidecar_path,
    write_photo,
)
from proface.media.header import MAX_HEADER_BYTES, Header, Region
from proface.media.integrity import check_pixels, region_digest, rest_digest
from proface.media.metadata import Metadata
from proface.media.opening import MAX_PIXELS
from proface.media.output import TEMPORARY_PREFIX, atomic_output, same_file
from proface.media.photo import Photo, read_photo
from proface.media.rewriting import replace_header

__all__ = [
    "LOSSLESS_SUFFIXES",
    "MAX_HEADER_BYTES",
    "MAX_PIXELS",
    "TEMPORARY_PREFIX",
    "Header",
    "Metadata",
    "Photo",
    "Region",
    "atomic_output",
    "check_pixels",
    "check_suffix",
    "find_header",
    "read_photo",
    "read_protected",
    "region_digest",
    "replace_header",
    "rest_digest",
    "same_file",
    "sidecar_path",
    "write_photo",
]
