"""Protect a photo: read it, choose regions, hide their originals, make the header."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn

from PIL import Image

from proface.container.digests import photo_region_digest, rest_digest
from proface.container.header import Header
from proface.errors import UnsupportedImageError, UsageError
from proface.faces import Grid
from proface.files.access import Source, errors_name, read_unprotected
from proface.files.alpha import opaque
from proface.files.describe import describer
from proface.files.fit import fitted
from proface.files.jpeg import as_jpeg, with_regions
from proface.files.other_parts import OtherParts, other_parts, seal_parts
from proface.files.save import save_checked
from proface.files.seals import seal_originals, seal_previous
from proface.keys import KdfParameters, Key, header_mac, new_file_key, not_a_key
from proface.looks import Look, get_look
from proface.media.ancillary.parts import Ancillary
from proface.media.jpeg import grid as jpeg_grid
from proface.media.orientation import as_stored, grid_origin, stored_box, upright, upright_box
from proface.media.photo import Photo
from proface.models.flow import Flow
from proface.models.store import ModelStore
from proface.options import Options
from proface.pipeline.protect import protect_regions
from proface.pipeline.regions import find_regions, marked
from proface.pipeline.survival import Distortion, parse_distortion
from proface.types import Box, Face, Pixels, Region

LEAST_FIT = 256  # pixels


@dataclass(frozen=True)
class Protected:
    """A protected photo in memory.

    Attributes:
        photo: the picture to write.
        header: needed for recovery.
        faces: all detected faces, including skipped ones.
        possible: faces below the threshold, which are not hidden.
        parts: what became of all else in the source.
    """

    photo: Photo
    header: Header
    faces: tuple[Face, ...]
    possible: tuple[Face, ...]
    parts: OtherParts
    _originals: tuple[Pixels, ...] = field(repr=False)  # of the regions
    _file_key: bytes = field(repr=False)
    _models: ModelStore = field(repr=False)
    _survive: Distortion | None = field(repr=False, default=None)

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A Protected holds the originals and the key of its file, and cannot be pickled or "
            "copied. Save it, or pass `image` and `header`."
        )

    @property
    def image(self) -> Image.Image:
        """The protected picture, upright. Recovery also needs `header`."""
        return self.photo.as_pixels().to_image(colour=True)

    @property
    def regions(self) -> tuple[Region, ...]:
        """The protected regions, numbered from 1."""
        return self.header.regions

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        sidecar: bool = False,
        check: bool = True,
    ) -> list[float]:
        """Write the file atomically, after reading it back and checking that it recovers.

        Args:
            path: .png, .webp or .tif(f); with option `jpeg`, .jpg.
            overwrite: replace an existing file.
            sidecar: write the header to NAME.proface.json beside the picture, not into it.
            check: read back, recover and compare with the original.

        Returns:
            The PSNR of each recovered region in dB; empty without `check`.

        Raises:
            FacesRequiredError: there is no region to protect.
            OutputExistsError, OutputError: it cannot be written.
            CheckFailedError: it does not recover well enough.
        """
        return save_checked(
            self.photo,
            self.header,
            Path(path),
            overwrite=overwrite,
            sidecar=sidecar,
            check=(self._originals, self._file_key, self._models, self._survive) if check else None,
        )


def protect(
    image: Source,
    key: Key,
    options: Options | None = None,
    *,
    also: Sequence[Key] = (),
    kdf: KdfParameters | None = None,
    models: ModelStore | None = None,
) -> Protected:
    """Protect the faces of a photo.

    Args:
        image: path or PIL image.
        key: password or key file.
        options: see `Options`.
        also: more passwords and key files, each of which opens the file too.
        kdf: salt and costs; a batch shares one, so that Argon2id runs once.
        models: loads the flow.

    Raises:
        UsageError, ImageError, UnsupportedImageError, AlreadyProtectedError.
    """
    options, models = options or Options(), models or ModelStore()
    check_usage(options, (key, *also))
    look, flow = get_look(options.look), models.load(options.model_name)
    photo, previous = read_unprotected(image, again=options.again, jpeg=options.jpeg)
    layers = previous.chain if previous is not None else []
    if layers and (options.deniable or any(one.scheme == "deniable" for one in layers)):
        # Nothing in a deniable file says which layer a key belongs to.
        raise UsageError(
            f"{photo.source}: options `again` and `deniable` cannot be combined. Recover the "
            "photo first, and protect all of it at once."
        )
    if options.fit is not None and previous is not None:
        raise UsageError(f"{photo.source}: options `fit` and `again` cannot be combined.")
    photo, options = fitted(photo, options)
    from_jpeg = photo.jpeg is not None
    photo = as_jpeg(photo, options, flow) if options.jpeg else photo
    pixels = upright(photo.pixels, photo.orientation)
    size = pixels.shape[1], pixels.shape[0]
    kdf = kdf or KdfParameters.fresh()
    nonce = os.urandom(32) if options.deniable else None
    with errors_name(photo.source), ThreadPoolExecutor(1) as pool:
        secrets = pool.submit(new_file_key, [key, *also], kdf, nonce)  # Argon2id takes time
        faces, possible, boxes = find_regions(
            pixels, options, _taken(previous, photo.orientation, size), _grid(flow, photo, size)
        )
        _check_room(flow, boxes)
    file_key, stanzas = secrets.result()
    places = [stored_box(box, photo.orientation, size) for box in boxes]

    with errors_name(photo.source):
        hidden = protect_regions(
            pixels,
            boxes,
            marked(faces, options, size),
            look,
            flow,
            file_key,
            orientation=photo.orientation,
            describe=describer(photo, flow, places, stanzas),
        )
    safe = photo.metadata.safe(place=options.keep_place) if options.keep_metadata else None
    kept = safe or photo.metadata.public()
    protected = replace(
        photo,
        pixels=as_stored(hidden, photo.orientation),
        metadata=kept,
        ancillary=Ancillary(),
        jpeg=photo.jpeg and replace(photo.jpeg, metadata=kept),
    )
    protected, masked = opaque(protected, places)
    if photo.jpeg is not None:
        protected = with_regions(protected, places, keep_metadata=options.keep_metadata)
    regions = _regions(protected, places, look)
    sealed: dict[str, bytes] = {}
    parts = other_parts(photo, kept, deniable=nonce is not None)
    # The tag of a sealed part would reveal whether a password is correct.
    if not nonce:
        sealed |= seal_parts(photo, [regions[n] for n in masked], file_key, flow.digest)
    elif masked:
        raise UnsupportedImageError(
            f"{photo.source}: its transparency varies inside a face's region, and a deniable file "
            "cannot seal it. Flatten the picture first, or leave out option `deniable`."
        )
    # In a JPEG from a JPEG, the sealed originals take little more than they took before.
    exact = from_jpeg if options.exact is None else options.exact
    if exact or previous is not None:
        sealed |= seal_originals(photo, regions, file_key, flow.digest)
    if previous is not None and regions:
        previous, digests = seal_previous(previous, file_key, flow.digest)
        sealed |= digests
    header = Header(
        model_name=flow.name,
        model_sha256=flow.digest,
        mode=flow.mode,
        size=photo.size,
        photo_mode=photo.mode,
        scheme="deniable" if nonce else "stanzas",
        stanzas=stanzas,
        kdf=kdf.to_json() if nonce else None,
        nonce=nonce,
        regions=regions,
        rest_sha256=rest_digest(protected, places),
        sealed=sealed,
        previous=previous,
    )
    if not nonce:
        header = header.with_mac(header_mac(file_key, flow.digest, header.signed_bytes()))
    # Copies, so that the check does not keep the whole original in memory.
    originals = tuple(photo.pixels[box.slices].copy() for box in places)
    return Protected(
        protected,
        header,
        faces,
        possible=possible,
        parts=parts,
        _originals=originals,
        _file_key=file_key,
        _models=models,
        _survive=parse_distortion(options.survive),
    )


def _grid(flow: Flow, photo: Photo, size: tuple[int, int]) -> Grid | None:
    """Where edges of regions must lie. size: upright width and height."""
    if flow.kind != "robust":
        return None
    step = Grid.step if photo.jpeg is None else max(jpeg_grid(photo.jpeg))
    return Grid(step, grid_origin(photo.orientation, size, step))


def _check_room(flow: Flow, boxes: Sequence[Box]) -> None:
    for box in boxes:
        if not flow.words(box.h, box.w):
            raise UsageError(
                f"the model {flow.name} cannot hide a face in a picture of {box.w} x {box.h} "
                "pixels. Use the model padded and PNG."
            )


def check_usage(options: Options, keys: Sequence[Key], count: int | None = None) -> None:
    """Check that options and keys go together; `count` keys in total, if not all are known yet.

    Raises:
        UsageError: they do not.
    """
    if options.deniable and options.exact:
        raise UsageError(
            "Options `exact` and `deniable` cannot be combined: the sealed originals would reveal "
            "whether a password is correct. Give one of them."
        )
    parse_distortion(options.survive)
    if options.fit is not None and options.fit < LEAST_FIT:
        raise UsageError(f"Option `fit` {options.fit}: give {LEAST_FIT} pixels or more.")
    if not 1 <= options.quality <= 100:
        raise UsageError(f"Option `quality` {options.quality}: give a number from 1 to 100.")
    if options.deniable and options.model_name == "robust":
        raise UsageError(
            "Option `deniable` needs the model padded and a lossless file: error correction tells "
            "whether a password is correct."
        )
    if options.deniable and (count or len(keys)) > 1:
        raise UsageError("A deniable file opens with one password only. Give a single one.")
    for key in keys:
        if not isinstance(key, Key):
            raise not_a_key(key)
        key.check_strong()


def _taken(previous: Header | None, orientation: int, size: tuple[int, int]) -> tuple[Box, ...]:
    """The regions of earlier protections, in the upright picture of this size."""
    chain = previous.chain if previous else []
    boxes = (region.box for header in chain for region in header.regions)
    return tuple(upright_box(box, orientation, size) for box in boxes)


def _regions(photo: Photo, boxes: Sequence[Box], look: Look) -> tuple[Region, ...]:
    return tuple(
        Region(n, box.x, box.y, box.w, box.h, str(look), photo_region_digest(photo, box))
        for n, box in enumerate(boxes, 1)
    )
