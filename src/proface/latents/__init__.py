"""The integer half of the padded flow: from pixels to 16-bit latents, and latents into pixels.

numpy only, so that protecting and recovering need no torch:

    transform  16x16-pixel cells <-> 768 orthonormal coefficients
    codebook   the modes: which levels the coefficients of a cell have
    words      levels <-> latents of 16 bits, as mixed-radix numbers
    sharing    cells of little content lend words to cells of much
    plausible  whether words are a picture's or noise
    code       the five above, put together: pixels <-> the words of a region
    carrier    the lattice coupling: padded words into the cover's pixels, and out again
"""

from proface.latents.carrier import couple, hide_words, seek_words, strips, uncouple
from proface.latents.code import Reading, encode
from proface.latents.codebook import Codebook
from proface.latents.transform import CELL, COEFFICIENTS, analyse, grid, synthesise
from proface.latents.words import WORDS

__all__ = [
    "CELL",
    "COEFFICIENTS",
    "WORDS",
    "Codebook",
    "Reading",
    "analyse",
    "couple",
    "encode",
    "grid",
    "hide_words",
    "seek_words",
    "strips",
    "synthesise",
    "uncouple",
]
