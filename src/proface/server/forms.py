"""The fields of requests, and what the commands' functions make of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from fastapi import Depends, File, Form, UploadFile

from proface.errors import UnsupportedImageError, UsageError
from proface.faces import parse_region, regions_for
from proface.keys import FaceKeys, Key, TrackKeys, parse_key_file
from proface.looks import LOOKS
from proface.looks.stickers import STICKERS
from proface.media.video.formats import is_video
from proface.options import Options
from proface.server.uploads import Uploads, write_file
from proface.types import PLAIN_NAME

MOST_KEY_BYTES = 256 * 1024  # of a key file
MOST_PASSWORD_BYTES = 64 * 1024

Sent = UploadFile | None


def _file(text: str) -> object:
    return File(description=text)


def _field(text: str) -> object:
    return Form(description=text)


@dataclass(frozen=True)
class Given:
    """The photo of a request: sent with it, or before."""

    photo: Sent
    upload: str | None

    def place(self, folder: Path, uploads: Uploads, most: int) -> Path:
        """The photo's file; one sent with the request is written into the folder.

        Raises:
            UsageError: there is no photo, or two.
            UnsupportedImageError: it is a video, which would take minutes.
            Refusal: it is too large, or there is no such upload.
        """
        if (self.photo is None) == (self.upload is None):
            raise UsageError(
                "Give a file in the field `photo`, or the id of an upload in `upload`."
            )
        if self.photo is not None:
            path = write_sent(self.photo, folder, "photo", most)
        else:
            path = uploads.get(self.upload or "").path
        if is_video(path):
            raise UnsupportedImageError(
                f"{path.name}: this is a video. On the page, use Several files; otherwise send it "
                "to /v1/uploads and start a job."
            )
        return path


def given_photo(
    photo: Annotated[Sent, _file("The photo.")] = None,
    upload: Annotated[str | None, _field("Or the id of an upload.")] = None,
) -> Given:
    """The fields `photo` and `upload`."""
    return Given(photo, upload)


@dataclass(frozen=True)
class GivenKey:
    """The password or key file of a request."""

    password: str | None
    key_file: Sent

    def read(self) -> Key:
        """The key.

        Raises:
            UsageError, DamagedFileError: as `Key.from_password` and `Key.from_file`.
        """
        if self._is_password():
            return Key.from_password(self.password or "")
        return Key.from_bytes(*self._key_file())

    def read_any(self) -> Key | FaceKeys | TrackKeys:
        """The key, or the keys of single faces in a key file."""
        if self._is_password():
            return self.read()
        return parse_key_file(*self._key_file())

    def _is_password(self) -> bool:
        if (self.password is None) == (self.key_file is None):
            raise UsageError("Give a password in the field `password`, or a file in `key_file`.")
        if self.password is not None and len(self.password.encode()) > MOST_PASSWORD_BYTES:
            raise UsageError(f"The password is over {MOST_PASSWORD_BYTES // 1024} KiB.")
        return self.password is not None

    def _key_file(self) -> tuple[bytes, str]:
        assert self.key_file is not None
        # In memory: the parser spools to a file only from 1 MiB on.
        return self.key_file.file.read(MOST_KEY_BYTES + 1), "The key file"


def given_key(
    password: Annotated[str | None, _field("The password.")] = None,
    key_file: Annotated[Sent, _file("Or a key file.")] = None,
) -> GivenKey:
    """The fields `password` and `key_file`."""
    return GivenKey(password, key_file)


def region_options(
    threshold: Annotated[float, _field("Minimum score of a face, 0 to 1.")] = 0.5,
    expand: Annotated[
        float, _field("How far a region extends beyond the face, as a fraction of it.")
    ] = 0.35,
    skip: Annotated[list[int] | None, _field("Face to leave out. Repeatable.")] = None,
    region: Annotated[list[str] | None, _field("x,y,w,h: region to add. Repeatable.")] = None,
    detect: Annotated[bool, _field("false: no face detection; protect only `region`.")] = True,
    careful: Annotated[bool, _field("Hide possible faces below the threshold too.")] = False,
) -> Options:
    """The options that choose regions; checked as the commands do."""
    if not 0 < threshold < 1:
        raise UsageError(f"threshold {threshold}: give a number above 0 and below 1, such as 0.5.")
    regions_for([], (1, 1), expand=expand)
    regions = tuple(parse_region(text) for text in region or ())
    if not detect and not regions:
        raise UsageError("`detect` false leaves nothing to protect: give `region` x,y,w,h.")
    if not detect and skip:
        raise UsageError("`skip` needs detected faces: leave out `detect`.")
    return Options(
        detect=detect,
        threshold=threshold,
        careful=careful,
        expand=expand,
        skip=tuple(skip or ()),
        regions=regions,
    )


@dataclass(frozen=True)
class GivenLook:
    """The look of a request: no path of this machine, but a picture may come with it."""

    look: str
    picture: Sent

    def spec(self, folder: Path, most: int) -> str:
        """The look as `get_look` reads it; a picture is written into the folder.

        Raises:
            UsageError: it names a file.
        """
        # As `get_look` reads them: what is checked here is what is used there.
        name, colon, strength = (part.strip() for part in self.look.partition(":"))
        name = name.lower()
        if self.picture is not None:
            if colon:
                raise UsageError("`look_picture` goes with a look's name alone: mask, swap.")
            return f"{name}:{write_sent(self.picture, folder, 'look', most)}"
        if not colon or not strength:
            return name  # its default, or the look says what is missing
        if not PLAIN_NAME.fullmatch(strength) or (name == "mask" and strength not in STICKERS):
            raise UsageError(
                f"look {self.look!r}: give a name of /v1/looks with its strength; a picture of "
                "your own goes into `look_picture`."
            )
        kind = LOOKS.get(name)
        if kind is not None and not kind.default:
            raise UsageError(f"look {name}: send the face to show as `look_picture`.")
        return f"{name}:{strength}"


def given_look(
    look: Annotated[str, _field("A look of /v1/looks, with its strength: pixelate:40.")] = (
        "pixelate"
    ),
    look_picture: Annotated[
        Sent, _file("A PNG for `mask`, or a photo with the face to show for a swap.")
    ] = None,
) -> GivenLook:
    """The fields `look` and `look_picture`."""
    return GivenLook(look, look_picture)


def protect_options(
    regions: Annotated[Options, Depends(region_options)],
    deniable: Annotated[bool, _field("Nothing reveals whether a password is correct.")] = False,
    exact: Annotated[bool | None, _field("Seal the originals for bit-exact recovery.")] = None,
    survive: Annotated[str, _field("What faces in a JPEG must survive.")] = "jpeg:75",
    fit: Annotated[int | None, _field("Scale to at most so many pixels first.")] = None,
    quality: Annotated[int, _field("Of a JPEG from another kind of photo.")] = 92,
    keep_metadata: Annotated[bool, _field("Leave EXIF and XMP readable.")] = False,
    again: Annotated[bool, _field("Add regions to a protected photo.")] = False,
    carry: Annotated[
        Literal["sealed", "pixels"],
        _field("Where a video holds its faces: in an encrypted stream, or in lossless pixels."),
    ] = "sealed",
    crf: Annotated[int, _field("Quality of a video's picture, 0 (best) to 51.")] = Options.crf,
    model: Annotated[str | None, _field("A model of `proface models`.")] = None,
) -> Options:
    """The options of `proface protect`, but for the look."""
    return replace(
        regions,
        deniable=deniable,
        exact=exact,
        survive=survive,
        fit=fit,
        quality=quality,
        keep_metadata=keep_metadata,
        again=again,
        carry=carry,
        crf=crf,
        model=model,
    )


def write_sent(sent: UploadFile, folder: Path, place: str, most: int) -> Path:
    """Write a file of a request into a folder of its own in the request's folder."""
    own = folder / place
    own.mkdir(mode=0o700)
    return write_file(sent.file, own, sent.filename or place, most)
