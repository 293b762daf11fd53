"""`swap`: the face of a photo, warped onto each face."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data

from proface.errors import UsageError
from proface.faces import detect, mesh, model_files
from proface.looks import get_look, obfuscate, thin_plate_swap
from proface.looks.thin_plate import shape_of, warp_map
from proface.types import Box, Face
from tests.astronaut import PHOTO


def somebody_else() -> np.ndarray:
    """A face that is not hers: broader, mirrored, darker, greyer, smooth."""
    pixels = cv2.GaussianBlur(PHOTO[:, ::-1].copy(), (0, 0), 2)
    pixels = cv2.resize(pixels, (380, 300))
    grey = pixels.mean(axis=2, keepdims=True)
    return np.clip((0.5 * pixels + 0.5 * grey) * 0.6, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    path = tmp_path_factory.mktemp("targets") / "secret name.png"
    Image.fromarray(somebody_else()).save(path)
    return path


def test_the_canonical_form_tells_nothing_about_the_file(target):
    look = get_look(f"swap:{target}")

    assert str(look) == "swap:custom"
    assert "secret" not in repr(look)
    assert pickle.loads(pickle.dumps(look)) == look


def test_the_result_is_a_face_in_the_same_place_that_changed_all_over(face, target):
    out = obfuscate(PHOTO, f"swap:{target}", [face])

    found = detect(out)
    assert len(found) == 1
    middle = Box(face.box.x, face.box.y, face.box.w, face.box.h)
    assert found[0].box.overlaps(middle)
    for old, new in zip(face.landmarks, found[0].landmarks, strict=True):
        assert np.hypot(old[0] - new[0], old[1] - new[1]) < 0.12 * face.box.w
    changed = (out != PHOTO).any(axis=2)
    assert changed[middle.slices][20:-20, 15:-15].mean() > 0.95
    shape = shape_of(face)
    y, x = np.mgrid[: PHOTO.shape[0], : PHOTO.shape[1]]
    away = np.hypot(x - shape.centre[0], y - shape.centre[1]) > 3 * shape.unit
    assert not changed[away].any()


def test_light_and_colour_follow_the_photo(face, target):
    """The target is far darker; what is shown is as light as the face was."""
    out = obfuscate(PHOTO, f"swap:{target}", [face])

    area = face.box.slices
    assert np.abs(out[area].mean(axis=(0, 1)) - PHOTO[area].mean(axis=(0, 1))).max() < 16
    dark = get_look(f"swap:{target}").target
    assert dark.pixels[dark.face.box.slices].mean() < PHOTO[area].mean() - 40


def test_no_detail_of_the_face_is_left(face, target):
    """Noise over the face does not come through: it changes pose and light a little at most."""
    noise = np.random.default_rng(1).normal(0, 30, PHOTO.shape)
    noisy = np.clip(PHOTO + noise, 0, 255).astype(np.uint8)

    box = face.box
    inner = (
        slice(box.y + box.h // 5, box.y + box.h * 4 // 5),
        slice(box.x + box.w // 5, box.x + box.w * 4 // 5),
    )
    shown = obfuscate(noisy, f"swap:{target}", [face])

    assert abs(np.corrcoef(fine(shown)[inner].ravel(), noise[inner].ravel())[0, 1]) < 0.06
    assert np.corrcoef(fine(noisy)[inner].ravel(), noise[inner].ravel())[0, 1] > 0.8


def fine(pixels: np.ndarray) -> np.ndarray:
    return pixels - cv2.GaussianBlur(pixels.astype(np.float32), (0, 0), 2)


def test_the_face_shown_is_the_target_s(face, target, tmp_path):
    """What is painted on its nose comes out on the nose."""
    seen = get_look(f"swap:{target}").target
    painted = seen.pixels.copy()
    nose = tuple(round(value) for value in seen.face.landmarks[2])
    cv2.circle(painted, nose, 8, (0, 255, 0), -1)
    Image.fromarray(painted).save(tmp_path / "painted.png")

    out = obfuscate(PHOTO, f"swap:{tmp_path / 'painted.png'}", [face])

    green = out[..., 1].astype(int) - out[..., 0]
    y, x = np.unravel_index(green.argmax(), green.shape)
    assert green.max() > 60
    assert np.hypot(x - face.landmarks[2][0], y - face.landmarks[2][1]) < 0.15 * face.box.w


@pytest.mark.parametrize("degrees", [-60, -20, 20, 75])
def test_a_turned_face_gets_a_turned_face(face, target, degrees):
    """The landmarks of what is shown lie where those of the face were."""
    middle = (150.0, 130.0)
    turn = cv2.getRotationMatrix2D(middle, degrees, 1.0)
    marks = [tuple(turn @ (x, y, 1.0)) for x, y in face.landmarks]
    size = 1.2 * face.box.w
    x, y = np.mean(marks, axis=0) - size / 2
    turned = Face(Box(round(x), round(y), round(size), round(size)), 1.0, tuple(marks))
    photo = cv2.warpAffine(PHOTO, turn, (300, 300), borderMode=cv2.BORDER_REFLECT)

    out = obfuscate(photo, f"swap:{target}", [turned])

    back = cv2.warpAffine(out, cv2.invertAffineTransform(turn), (300, 300))
    found = detect(back)
    assert found
    for old, new in zip(face.landmarks, found[0].landmarks, strict=True):
        assert np.hypot(old[0] - new[0], old[1] - new[1]) < 0.15 * face.box.w


@pytest.mark.parametrize("turn", [-0.2, 0.2])
def test_without_a_mesh_a_face_turned_the_other_way_is_mirrored(face, target, turn):
    """A mark on the cheek of a target that looks aside comes out on the other side, or not."""
    seen = get_look(f"swap:{target}").target
    painted = seen.pixels.copy()
    (left, top), (right, _) = seen.face.landmarks[3], seen.face.landmarks[4]
    cv2.circle(painted, (round(left), round(top)), 8, (0, 255, 0), -1)
    aside = looking_aside(seen.face, 0.15)
    looking = looking_aside(face, np.copysign(0.3, turn))
    out = PHOTO.copy()

    thin_plate_swap.show(out, looking, replace(seen, data=painted.tobytes(), face=aside))

    middle = np.mean([face.landmarks[n] for n in (0, 1, 3, 4)], axis=0)
    green = out[..., 1].astype(int) - out[..., 0]
    _, x = np.unravel_index(green.argmax(), green.shape)
    assert (x < middle[0]) == (turn > 0)
    assert left < right


def test_without_the_mesh_s_file_the_face_is_warped_by_five_landmarks(face, target, monkeypatch):
    look = get_look(f"swap:{target}")
    expected = PHOTO.copy()
    thin_plate_swap.show(expected, face, look.target)
    assert (obfuscate(PHOTO, look, [face]) != expected).any()
    networks = dict(model_files.KNOWN)
    networks["facemesh"] = networks["facemesh"]._replace(packages=("not-installed",))
    monkeypatch.setattr(model_files, "KNOWN", networks)
    mesh._load.cache_clear()

    assert (obfuscate(PHOTO, look, [face]) == expected).all()


def looking_aside(face: Face, turn: float) -> Face:
    """The face with its nose this far from the middle, by the distance from eyes to mouth."""
    marks = [*face.landmarks]
    middle = np.mean([marks[n] for n in (0, 1, 3, 4)], axis=0)
    marks[2] = (middle[0] + turn * shape_of(face).unit, marks[2][1])
    return Face(face.box, 1.0, tuple(marks))


def test_a_warp_onto_itself_hardly_moves_the_features(face):
    shape = shape_of(face)

    points = warp_map(shape, shape, Box(0, 0, 300, 300))

    for x, y in np.rint(face.landmarks).astype(int):
        assert np.hypot(*(points[y, x] - (x, y))) < 0.05 * face.box.w


@pytest.mark.parametrize("size", [(2, 2), (3, 200), (37, 21), (130, 97)])
@pytest.mark.parametrize(
    "where", [(), (Face(Box(-30, -40, 50, 60)),), (Face(Box(0, 0, 3, 4)), Face(Box(20, 5, 90, 90)))]
)
def test_any_region_is_hidden_and_keeps_its_shape(target, size, where):
    crop = cv2.resize(PHOTO, size)
    before = crop.copy()

    once, again = (obfuscate(crop, f"swap:{target}", where) for _ in range(2))

    assert once.shape == crop.shape
    assert once.dtype == np.uint8
    assert (once == again).all()
    assert (crop == before).all()
    assert not np.shares_memory(once, crop)


def test_a_region_without_a_known_face_is_searched(face, target):
    found = obfuscate(PHOTO, f"swap:{target}")

    assert (found == obfuscate(PHOTO, f"swap:{target}", [face])).mean() > 0.99


def test_a_region_where_nobody_is_found_is_hidden_all_the_same(target):
    wall = np.random.default_rng(2).integers(0, 255, (96, 96, 3)).astype(np.uint8)

    out = obfuscate(wall, f"swap:{target}")

    assert (out != wall).any(axis=2)[30:66, 30:66].mean() > 0.9


def test_a_folder_yields_one_of_its_faces(tmp_path, target):
    (tmp_path / "notes.txt").write_text("no photo")
    (tmp_path / "broken.jpg").write_bytes(b"no photo either")
    Image.new("RGB", (60, 60)).save(tmp_path / "nobody.png")
    (tmp_path / "one.png").write_bytes(target.read_bytes())

    assert get_look(f"swap:{tmp_path}") == get_look(f"swap:{target}")


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("nobody.png", "nobody was found"),
        ("broken.jpg", "no face to show"),
        ("missing.jpg", "No such file"),
        ("empty", "no photo with a face"),
    ],
)
def test_what_cannot_be_shown_is_refused_by_name(tmp_path, name, named):
    Image.new("RGB", (60, 60)).save(tmp_path / "nobody.png")
    (tmp_path / "broken.jpg").write_bytes(b"no photo")
    (tmp_path / "empty").mkdir()

    with pytest.raises(UsageError, match=named) as raised:
        get_look(f"swap:{tmp_path / name}")

    assert name in str(raised.value)


def test_a_larger_face_that_is_less_certain_is_not_the_one_shown(tmp_path):
    sharp = Image.fromarray(data.astronaut()).crop((120, 0, 340, 220))
    faint = np.asarray(sharp.resize((440, 440))) * 0.25 + 60
    faint += np.random.default_rng(0).normal(0, 34, faint.shape)
    photo = Image.new("RGB", (760, 460), (128, 128, 128))
    photo.paste(Image.fromarray(np.clip(faint, 0, 255).astype(np.uint8)), (0, 0))
    photo.paste(sharp, (500, 100))
    photo.save(tmp_path / "two.png")
    large, small = sorted(detect(np.asarray(photo)), key=lambda one: -one.box.w)
    assert large.score < small.score

    assert get_look(f"swap:{tmp_path / 'two.png'}").target.face.box.w == small.box.w


@pytest.mark.parametrize("spec", ["swap", "swap:custom"])
def test_without_a_photo_it_says_what_to_give(spec):
    with pytest.raises(UsageError, match=r"swap:face\.jpg"):
        get_look(spec)


def test_it_needs_no_torch(target):
    code = f"""
import sys
import numpy as np
from proface.looks import obfuscate
obfuscate(np.zeros((64, 64, 3), np.uint8), "swap:{target}")
print("torch" in sys.modules)
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
