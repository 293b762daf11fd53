"""Descriptions in a video file that are safe to publish: an allow-list, as for a photo's EXIF."""

from __future__ import annotations

import re
from collections.abc import Mapping

from proface.media.exif import SAFE_NAME

_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
# ISO 6709: latitude, longitude and perhaps altitude, in signed numbers.
_PLACE = re.compile(r"([+-][0-9]{1,9}(\.[0-9]{1,9})?){2,3}(CRS[A-Z0-9_]{1,16})?/?")
_SAFE = {
    **dict.fromkeys(("creation_time", "date", "com.apple.quicktime.creationdate"), _TIME),
    **dict.fromkeys(("make", "com.apple.quicktime.make", "com.android.manufacturer"), SAFE_NAME),
    **dict.fromkeys(("model", "com.apple.quicktime.model", "com.android.model"), SAFE_NAME),
}
_PLACES = dict.fromkeys(
    ("location", "location-eng", "com.apple.quicktime.location.iso6709"), _PLACE
)


def safe_descriptions(metadata: Mapping[str, str], *, place: bool) -> dict[str, str]:
    """Time and camera, and the place if asked for, each only if its text has the expected form."""
    forms = _SAFE | (_PLACES if place else {})
    return {
        name: text
        for name, text in metadata.items()
        if name.lower() in forms and forms[name.lower()].fullmatch(text)
    }
