"""Check what an .npz archive declares before anything of it is unpacked.

A model may come from anywhere: a few hundred kilobytes of deflated zeros unpack to gigabytes, and
an array's header may state any shape, which NumPy allocates before it reads.
"""

from __future__ import annotations

import io
import math
import zipfile
from typing import IO

from numpy.lib import format as npy

from proface.errors import ModelError

MAX_BYTES = 8 << 20  # of all arrays; the largest shipped model has 1.3 MB


def check_npz(data: bytes, source: object) -> None:
    """Check the declared sizes of an archive's arrays; costs no more than reading their headers.

    source: for messages.

    Raises:
        ModelError: it is no such archive, its arrays are too large, or their shapes do not fit
            their sizes.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > MAX_BYTES:
                raise ModelError(f"{source}: its arrays are over {MAX_BYTES >> 20} MiB.")
            for member in members:
                with archive.open(member) as file:
                    _check_array(file, member.file_size)
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, NotImplementedError) as error:
        raise ModelError(f"{source}: not an archive of arrays ({type(error).__name__}).") from error


def _check_array(file: IO[bytes], size: int) -> None:
    version = npy.read_magic(file)
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
    if read is None:
        raise ValueError("unknown version of the array format")
    shape, _fortran, dtype = read(file)
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != size - file.tell():
        raise ValueError("the shape does not fit the size")
