"""JPEGs by their quantised coefficients: a region changes, and all else stays as it was.

`jpeg` has `Jpeg`, reading and writing; `regions` replaces regions and serialises what they held;
`digests` tells whether a file was touched; `pixels` encodes and decodes. Below them: `coefficients`
(with `decode`, which runs libjpeg-turbo in a process of its own, and `encode`, an entropy encoder
in numpy), `parse` and `segments` (the file's structure, bounded), `header` (our APP11 segments) and
`passengers` (what else is in the file).
"""

from proface.media.jpeg.digests import coefficients_digest, region_digest
from proface.media.jpeg.jpeg import MAX_FILE_BYTES, Jpeg, jpeg_bytes, read_jpeg
from proface.media.jpeg.pixels import from_pixels, in_colour, in_grey, to_pixels
from proface.media.jpeg.regions import (
    aligned,
    frame_grid,
    grid,
    is_on_grid,
    region_coefficients,
    replace_regions,
    with_region_coefficients,
)

__all__ = [
    "MAX_FILE_BYTES",
    "Jpeg",
    "aligned",
    "coefficients_digest",
    "frame_grid",
    "from_pixels",
    "grid",
    "in_colour",
    "in_grey",
    "is_on_grid",
    "jpeg_bytes",
    "read_jpeg",
    "region_coefficients",
    "region_digest",
    "replace_regions",
    "to_pixels",
    "with_region_coefficients",
]
