"""The film of one face in one segment: coded as small as it can be at a stated quality."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from proface.errors import DamagedFileError
from proface.media.video.face_film import COARSEST, FINEST, STEP, decode_faces, encode_faces
from proface.media.video.planes import I420
from proface.pipeline.video_frames import Mask
from proface.types import Box

# dB, in brightness, over a segment: of a face's box, which is harder to code than what surrounds it
# in the window, and of the window.
LEAST_PSNR = 42.1
FIRST_QUANTISER = 36.0  # to try, where nothing is known
_USUAL_CRF = 25  # of the picture; a better one is not spoilt by its faces
_CLOSE_ENOUGH = 0.4  # dB above the least that are not worth another attempt
_AIM = 0.1  # dB above the least
_PER_QUANTISER = 0.25  # dB, until two attempts tell better


def least_psnr(crf: int) -> float:
    """The quality of faces in a picture of this constant rate factor, in dB."""
    return LEAST_PSNR + max(0, _USUAL_CRF - crf) / 2


@dataclass(frozen=True)
class CodedFilm:
    """A film of a face: its bytes, the quantiser that was found, and its quality in dB."""

    data: bytes
    quantiser: float
    psnr: float


class FaceFilm:
    """Collects the pictures of a face, and codes them when all are there.

    They are kept in memory until then, as originals may lie in no file.
    """

    def __init__(self, size: tuple[int, int], least: float) -> None:
        self._size, self._least = size, least
        self._pictures: list[tuple[I420, Box, Mask | None]] = []

    def add(self, picture: I420, face: Box, mask: Mask | None) -> None:
        """Add the next picture.

        Args:
            picture: H * 3/2 x W.
            face: where in the picture the face is; may be partly outside.
            mask: the pixels that are the face's own, H/2 x W/2; None if all are.
        """
        self._pictures.append((picture, face, mask))

    def code(self, first: float) -> CodedFilm:
        """Code the pictures at the coarsest quantiser that keeps the quality, or nearly so.

        Args:
            first: the quantiser to try first: best the one found for similar pictures.
        """
        film = self._coded(first)
        good: CodedFilm | None = None  # the coarsest that is good enough
        bad: CodedFilm | None = None  # the finest that is not
        while True:
            spare = film.psnr - self._least
            if spare >= 0:
                good = film
            else:
                bad = film
            fine = good.quantiser if good else FINEST - STEP
            coarse = bad.quantiser if bad else COARSEST + STEP
            if 0 <= spare <= _CLOSE_ENOUGH or coarse - fine <= STEP:
                return good or film
            slope = _PER_QUANTISER
            if good and bad and math.isfinite(good.psnr):
                slope = (good.psnr - bad.psnr) / (coarse - fine)
            step = STEP * round((min(spare, 99.0) - _AIM) / slope / STEP)
            film = self._coded(min(max(film.quantiser + step, fine + STEP), coarse - STEP))

    def _coded(self, quantiser: float) -> CodedFilm:
        try:
            return self._attempt(quantiser)
        except DamagedFileError:
            # Seen once, on a busy machine: a stream that could not be decoded. The same pictures,
            # coded hundreds of times since, always could, and hours of work would be lost.
            return self._attempt(quantiser)

    def _attempt(self, quantiser: float) -> CodedFilm:
        pictures = [picture for picture, _face, _mask in self._pictures]
        data = encode_faces(pictures, self._size, quantiser)
        return CodedFilm(data, quantiser, self._psnr(data))

    def _psnr(self, data: bytes) -> float:
        """Of the face or of the whole window, whichever is worse."""
        width, height = self._size
        window = Box(0, 0, width, height)
        error, samples = np.zeros(2), np.zeros(2)
        decoded = decode_faces(data, self._size, len(self._pictures))
        for back, (picture, face, mask) in zip(decoded, self._pictures, strict=True):
            difference = back[:height].astype(np.float32) - picture[:height]
            own = None if mask is None else mask.repeat(2, axis=0).repeat(2, axis=1)
            for n, box in enumerate((window, _inside(face, window))):
                part = difference[box.slices]
                part = part if own is None else part[own[box.slices]]
                error[n] += float(np.sum(part * part))
                samples[n] += part.size
        mean = float(np.max(error / np.maximum(samples, 1)))
        return 10 * math.log10(255**2 / mean) if mean else math.inf


def _inside(face: Box, window: Box) -> Box:
    """The part of a face inside its window; the window if there is none."""
    x, y = max(face.x, 0), max(face.y, 0)
    w, h = min(face.x + face.w, window.w) - x, min(face.y + face.h, window.h) - y
    return Box(x, y, w, h) if w > 0 and h > 0 else window
