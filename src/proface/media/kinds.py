"""Which pictures are supported: those that lose neither frames nor their colours' meaning."""

from __future__ import annotations

from PIL import Image

from proface.errors import UnsupportedImageError
from proface.media import tiff_limits

SHALLOW = "Save it with 8 or 16 bits a channel"  # the remedy for deeper samples
_MODES = {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK"}
_MODES |= {"I;16", "I;16L", "I;16B", "I;16N"}


def check_kind(image: Image.Image, source: str) -> None:
    """Reject images that would lose frames or their colour space."""
    # A JPEG with a second picture inside (MPO: a preview, a gain map) is still one photo, and so is
    # a HEIC with a burst or a gain map.
    if image.format not in ("MPO", "HEIF") and getattr(image, "is_animated", False):
        if image.format != "TIFF":
            raise unsupported(source, "the image is animated", "Save one frame of it as PNG")
        file = getattr(image, "fp", None)
        if file is None or not tiff_limits.has_one_page(file):
            raise unsupported(source, "the image has several pages", "Save one of them as PNG")
    if image.format == "TIFF" and _is_raw_or_preview(image):
        raise unsupported(
            source, "this is a raw camera file (or a preview only)", "Develop it to TIFF or JPEG"
        )
    if image.mode == "F":
        raise unsupported(source, "the image holds floating-point numbers", SHALLOW)
    if image.mode in {"I", "I;32", "I;32B"}:
        raise unsupported(source, "the image has 32 bits a channel", SHALLOW)
    if image.mode not in _MODES:
        raise unsupported(source, f"the image's colour mode is {image.mode}", "Convert it to RGB")


def is_deep(image: Image.Image) -> bool:
    """Whether a decoded picture had more than 8 bits a channel in its file."""
    depth = image.info.get("bit_depth", 8)
    return isinstance(depth, int) and depth > 8


def holds_deep(image: Image.Image) -> bool:
    """The same before decoding, after which Pillow does not tell."""
    if image.mode.startswith("I;16"):
        return True
    if image.format == "PNG":
        return any(";16" in str(tile[3]) for tile in getattr(image, "tile", ()))
    if image.format == "TIFF":
        return max(getattr(image, "tag_v2", {}).get(258, (8,)), default=8) > 8
    return is_deep(image)  # of HEIC, its reader tells


def _is_raw_or_preview(image: Image.Image) -> bool:
    """Whether it has a DNGVersion tag, or its first page is marked as a reduced image."""
    tags = getattr(image, "tag_v2", {})
    subtype = tags.get(254, 0)
    return 50706 in tags or (isinstance(subtype, int) and bool(subtype & 1))


def unsupported(source: str, what: str, remedy: str) -> UnsupportedImageError:
    """The error for an unsupported kind, with the remedy."""
    return UnsupportedImageError(f"{source}: {what}, which is not supported. {remedy}.")
