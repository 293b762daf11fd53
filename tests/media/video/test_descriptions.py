"""What stays readable of a video's descriptions: listed names with texts of a listed form."""

from __future__ import annotations

import pytest

from proface.media.video.descriptions import safe_descriptions

SAFE = {
    "creation_time": "2026-05-04T10:11:12.000000Z",
    "date": "2026-05-04",
    "com.apple.quicktime.creationdate": "2026-05-04T10:11:12+0200",
    "make": "Apple",
    "com.android.model": "Pixel 9 (pro)",
}
PLACE = {"location": "+48.1374+011.5755/", "com.apple.quicktime.location.ISO6709": "+48.1+11.5+5/"}
PRIVATE = {
    "comment": "+48.1374+011.5755/",
    "artist": "Ada Lovelace",
    "thumbnail": "/9j/4AAQSkZJRgABAQAAAQABAAD",
    "com.apple.quicktime.software": "17.4",
    "creation_time": "2026-05-04, at home with Ada",
    "make": "x" * 49,
    "model": "Ädas Telefon",
    "location": "Marienplatz 1, Munich",
    "keywords": "2026-05-04",
}


@pytest.mark.parametrize("place", [False, True])
def test_time_and_camera_stay_and_the_place_if_asked_for(place: bool) -> None:
    assert safe_descriptions(SAFE | PLACE, place=place) == SAFE | (PLACE if place else {})


@pytest.mark.parametrize("name", PRIVATE)
def test_nothing_else_stays(name: str) -> None:
    assert safe_descriptions({name: PRIVATE[name]}, place=True) == {}
