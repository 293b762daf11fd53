"""Reads the coefficients of one JPEG with a libjpeg-turbo, in a process of its own.

Run as a script by `decode`, with nothing imported but the standard library, so that it starts in
some hundredths of a second: WORKER KIND LIBRARY INPUT OUTPUT BYTES SIZE [SIZE SIZE]. KIND is
"libjpeg" for the library itself (libjpeg.h, version 6.2 of its interface), "jpeglib" for that of
the package. The output is a file of the planes' coefficients, one plane behind the other, SIZE of
them each. libjpeg says on standard error what is wrong with a picture, and nowhere else.
"""

from __future__ import annotations

import ctypes
import mmap
import sys
from ctypes import c_int, c_uint, c_void_p

VERSION = 62  # of libjpeg's interface; another one ends the process with a message
_ROOM = 1024  # for libjpeg's jpeg_error_mgr, which has 168 bytes
_ACCESS = 8  # place of access_virt_barray among the functions of jpeg_memory_mgr


class _Decompress(ctypes.Structure):
    """jpeg_decompress_struct; libjpeg compares its size with its own."""

    _fields_ = (
        *((name, c_void_p) for name in ("err", "mem", "progress", "client_data")),
        *((name, c_int) for name in ("is_decompressor", "global_state")),
        ("src", c_void_p),
        *((name, c_uint) for name in ("image_width", "image_height")),
        *((name, c_int) for name in ("num_components", "jpeg_color_space", "out_color_space")),
        *((name, c_uint) for name in ("scale_num", "scale_denom")),
        ("output_gamma", ctypes.c_double),
        ("output_options", c_int * 12),  # buffered_image to enable_2pass_quant
        ("output_size", c_uint * 2),
        ("output_counts", c_int * 4),  # out_color_components to actual_number_of_colors
        ("colormap", c_void_p),
        *((name, c_int) for name in ("output_scanline", "input_scan_number", "input_iMCU_row")),
        *((name, c_int) for name in ("output_scan_number", "output_iMCU_row")),
        ("coef_bits", c_void_p),
        *((name, c_void_p * 4) for name in ("quant_tables", "dc_tables", "ac_tables")),
        ("data_precision", c_int),
        ("comp_info", c_void_p),
        *((name, c_int) for name in ("progressive_mode", "arith_code")),
        ("arithmetic", ctypes.c_uint8 * 48),
        ("restart_interval", c_uint),
        ("saw_jfif", c_int),
        ("jfif", ctypes.c_uint8 * 2),
        ("density", ctypes.c_uint16 * 2),
        ("saw_adobe", c_int),
        ("adobe_transform", ctypes.c_uint8),
        ("ccir601_sampling", c_int),
        ("marker_list", c_void_p),
        *((name, c_int) for name in ("max_h", "max_v", "min_scaled_size", "total_iMCU_rows")),
        ("sample_range_limit", c_void_p),
        ("comps_in_scan", c_int),
        ("cur_comp_info", c_void_p * 4),
        ("scan", c_int * 18),  # MCUs_per_row to Al, and unread_marker
        ("modules", c_void_p * 11),
    )


class _Component(ctypes.Structure):
    """jpeg_component_info."""

    _fields_ = (
        ("before", c_int * 7),  # component_id to ac_tbl_no
        *((name, c_uint) for name in ("columns", "rows")),  # of blocks
        ("between", c_int * 10),
        *((name, c_void_p) for name in ("quant_table", "dct_table")),
    )


def read_with_libjpeg(library: str, data: bytes, start: int, sizes: list[int]) -> bool:
    """Write the planes' coefficients from an address on; False if planes are not as large.

    libjpeg ends the process where it gives up.
    """
    turbo = ctypes.CDLL(library)
    turbo.jpeg_std_error.restype = turbo.jpeg_read_coefficients.restype = c_void_p
    errors, picture = ctypes.create_string_buffer(_ROOM), _Decompress()
    picture.err = turbo.jpeg_std_error(errors)
    at = ctypes.byref(picture)
    turbo.jpeg_CreateDecompress(at, c_int(VERSION), ctypes.c_size_t(ctypes.sizeof(picture)))
    turbo.jpeg_mem_src(at, data, ctypes.c_ulong(len(data)))
    turbo.jpeg_read_header(at, c_int(1))
    arrays = ctypes.cast(turbo.jpeg_read_coefficients(at), ctypes.POINTER(c_void_p))
    prototype = ctypes.CFUNCTYPE(
        ctypes.POINTER(c_void_p), c_void_p, c_void_p, c_uint, c_uint, c_int
    )
    access = prototype(ctypes.cast(picture.mem, ctypes.POINTER(c_void_p))[_ACCESS])
    parts = ctypes.cast(picture.comp_info, ctypes.POINTER(_Component))
    if picture.num_components != len(sizes):
        return False
    for n, size in enumerate(sizes):
        rows, length = parts[n].rows, 128 * parts[n].columns
        if rows * length != 2 * size:
            return False
        for row in range(rows):
            blocks = access(ctypes.addressof(picture), arrays[n], row, 1, 0)[0]
            ctypes.memmove(start, blocks, length)
            start += length
    return True


def read_with_jpeglib(library: str, source: str, start: int, sizes: list[int]) -> bool:
    """As `read_with_libjpeg`, with the function that the package jpeglib exports."""
    read = ctypes.CDLL(library).read_jpeg_dct
    read.restype = c_int
    read.argtypes = [ctypes.c_char_p, *[c_void_p] * 6]
    planes: list[int | None] = []
    for size in sizes:
        planes.append(start)
        start += 2 * size
    planes += [None] * (4 - len(planes))
    tables, slots = (ctypes.c_ushort * 256)(), (ctypes.c_short * 4)()
    return bool(read(source.encode(), *planes, ctypes.addressof(tables), ctypes.addressof(slots)))


def main(arguments: list[str]) -> int:
    """The exit status: 0, or 3 where libjpeg gives up."""
    kind, library, source, target, most = *arguments[:4], int(arguments[4])
    sizes = [int(size) for size in arguments[5:]]
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux":
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
    with open(target, "r+b") as file, mmap.mmap(file.fileno(), 2 * sum(sizes)) as room:
        start = ctypes.addressof(anchor := ctypes.c_char.from_buffer(room))
        if kind == "libjpeg":
            with open(source, "rb") as picture:
                done = read_with_libjpeg(library, picture.read(), start, sizes)
        else:
            done = read_with_jpeglib(library, source, start, sizes)
        del anchor
    return 0 if done else 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
