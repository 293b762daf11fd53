"""Any photo, any boxes, any look: the rest of the photo stays, the faces come back; any keyring."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from PIL import Image
from skimage.data import astronaut, camera

import proface
from proface.errors import UsageError, WrongPasswordError
from proface.files.key_slots import add_keys, list_keys, remove_key
from proface.keys import Key
from proface.media.photo import read_photo
from proface.types import Box

KEYS = [Key.generate() for _ in range(5)]
LOOKS = ("blur", "blur:3", "pixelate:7", "median:61", "mask:smile", "mask:visor")
SIDES = st.integers(16, 150)


@st.composite
def photos(draw: st.DrawFn) -> Image.Image:
    """Of any size and mode: a photo, a flat area, noise, extremes."""
    width, height = draw(SIDES), draw(SIDES)
    kind = draw(st.sampled_from(["photo", "grey", "flat", "noise", "extremes"]))
    generator = np.random.default_rng(draw(st.integers(0, 9)))
    if kind == "photo":
        pixels = astronaut()[60 : 60 + height, 150 : 150 + width]
    elif kind == "grey":
        return Image.fromarray(camera()[100 : 100 + height, 180 : 180 + width])
    elif kind == "flat":
        pixels = np.full((height, width, 3), draw(st.integers(0, 255)), np.uint8)
    elif kind == "noise":
        pixels = generator.integers(0, 256, (height, width, 3), np.uint8)
    else:
        pixels = generator.choice(np.array([0, 255], np.uint8), (height, width, 3))
    image = Image.fromarray(pixels)
    if draw(st.booleans()):
        image.putalpha(Image.fromarray(generator.integers(0, 256, (height, width), np.uint8)))
    return image


@st.composite
def boxes(draw: st.DrawFn, size: tuple[int, int]) -> list[Box]:
    """One to three, of any size and place, over one another too."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        w, h = (draw(st.integers(min(16, side), side)) for side in size)
        x, y = draw(st.integers(0, size[0] - w)), draw(st.integers(0, size[1] - h))
        found.append(Box(x, y, w, h))
    return found


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_is_protected_comes_back_and_the_rest_stays(data: st.DataObject) -> None:
    image = data.draw(photos())
    regions = data.draw(boxes(image.size))
    look = data.draw(st.sampled_from(LOOKS))
    exact, deniable = data.draw(st.sampled_from([(0, 0), (1, 0), (0, 1)]))
    suffix = data.draw(st.sampled_from([".png", ".webp", ".tif"]))
    if deniable and image.mode == "RGBA":
        image.putalpha(data.draw(st.integers(0, 255)))  # one that varies cannot be sealed
    original = read_photo(image).pixels
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"photo{suffix}"
        result = proface.protect(
            image,
            KEYS[0],
            proface.Options(
                detect=False,
                regions=regions,
                look=look,
                exact=bool(exact),
                deniable=bool(deniable),
            ),
        )
        result.save(path, check=False)
        hidden = read_photo(path).pixels
        shown = proface.recover(path, KEYS[0]).image
        wrong = None
        try:
            wrong = proface.recover(path, KEYS[1]).image
        except WrongPasswordError:
            assert not deniable
    recovered = read_photo(shown).pixels
    assert recovered.shape == hidden.shape == original.shape
    header = result.header
    inside = np.zeros(original.shape[:2], bool)
    for region in header.regions:
        inside[region.box.slices] = True
    for box in regions:
        assert inside[box.slices].all()
    np.testing.assert_array_equal(hidden[~inside], original[~inside])
    np.testing.assert_array_equal(recovered[~inside], original[~inside])
    if exact:
        np.testing.assert_array_equal(recovered, original)
    if deniable:
        assert wrong is not None
        assert (read_photo(wrong).pixels[inside] != original[inside]).any()
    if image.mode == "RGBA":
        np.testing.assert_array_equal(np.asarray(shown)[..., 3], np.asarray(image)[..., 3])


class Keyring(RuleBasedStateMachine):
    """Keys come and go in any order: those that are in open the file, the others do not."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.path = Path(self._folder.name) / "photo.png"

    def teardown(self) -> None:
        self._folder.cleanup()

    @initialize(also=st.sets(st.integers(1, 4), max_size=2))
    def protected(self, also: set[int]) -> None:
        image = Image.fromarray(astronaut()[80:112, 180:212])
        keys = [KEYS[n] for n in sorted(also)]
        box = Box(0, 0, 32, 32)
        proface.protect(
            image,
            KEYS[0],
            proface.Options(detect=False, regions=[box]),
            also=keys,
        ).save(self.path, check=False)
        self.inside = [0, *sorted(also)]
        self.pixels = read_photo(self.path).pixels
        self.recovered = np.asarray(proface.recover(self.path, KEYS[0]).image)

    @rule(by=st.integers(0, 4), new=st.integers(0, 4))
    def one_is_added(self, by: int, new: int) -> None:
        before = self.path.read_bytes()
        try:
            add_keys(self.path, KEYS[by], [KEYS[new]])
        except WrongPasswordError:
            assert by not in self.inside
        except UsageError:
            assert new in self.inside
        else:
            assert by in self.inside
            assert new not in self.inside
            self.inside.append(new)
            return
        assert self.path.read_bytes() == before

    @rule(by=st.integers(0, 4), place=st.integers(1, 5))
    def one_is_removed(self, by: int, place: int) -> None:
        before = self.path.read_bytes()
        try:
            remove_key(self.path, KEYS[by], place)
        except WrongPasswordError:
            assert by not in self.inside
        except UsageError:
            assert place > len(self.inside) or len(self.inside) == 1
        else:
            assert by in self.inside
            del self.inside[place - 1]
            return
        assert self.path.read_bytes() == before

    @rule(n=st.integers(0, 4))
    def one_opens(self, n: int) -> None:
        try:
            shown = np.asarray(proface.recover(self.path, KEYS[n]).image)
        except WrongPasswordError:
            assert n not in self.inside
        else:
            assert n in self.inside
            np.testing.assert_array_equal(shown, self.recovered)

    @invariant()
    def the_list_is_right_and_no_pixel_changes(self) -> None:
        if hasattr(self, "inside"):
            assert [entry.n for entry in list_keys(self.path)] == [
                n for n, _ in enumerate(self.inside, 1)
            ]
            for place, n in enumerate(self.inside, 1):
                mine = [e.n for e in list_keys(self.path, KEYS[n]) if e.yours]
                assert mine == [place]
            np.testing.assert_array_equal(read_photo(self.path).pixels, self.pixels)


def test_keys_come_and_go_in_any_order() -> None:
    run_state_machine_as_test(
        Keyring, settings=settings(max_examples=20, stateful_step_count=15, deadline=None)
    )
