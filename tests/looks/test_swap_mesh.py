"""`swap` by a mesh: pose, mouth and proportions of the face that is shown."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image

from proface.faces import detect
from proface.faces.mesh import CHEEKS, LOWER_LIP, OVAL, UPPER_LIP, mouth_gap, size_of
from proface.faces.recognition import embed
from proface.looks import get_look, obfuscate
from proface.looks.mesh.render import rendered, triangles_of
from proface.looks.mesh.shape import head_turn, posed
from proface.looks.mesh.skin import with_skin
from proface.types import Face
from tests.astronaut import PHOTO


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    """A broader, mirrored, darker face."""
    pixels = cv2.resize(np.ascontiguousarray(PHOTO[:, ::-1]), (420, 300))
    path = tmp_path_factory.mktemp("targets") / "target.png"
    Image.fromarray((pixels * 0.7).astype(np.uint8)).save(path)
    return path


def spread_lips(mesh: np.ndarray, gap: float) -> np.ndarray:
    """The mesh with this gap between the lips, in eyes-to-mouth distances."""
    out = mesh.copy()
    change = (gap - mouth_gap(mesh)) * size_of(mesh)
    weight = 1 - np.linspace(-1, 1, len(LOWER_LIP)) ** 2
    out[list(LOWER_LIP), 1] += weight * change
    return out


def test_the_target_takes_the_pose_and_the_outline_of_the_face(mesh):
    angle = np.radians(20)
    turn = np.array(
        [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    )
    target = (mesh - mesh.mean(axis=0)) @ turn.T * (1.3, 1.0, 1.0) + 500

    shown = posed(target, mesh, mesh)

    degrees = np.degrees(np.arccos((np.trace(head_turn(mesh, shown)) - 1) / 2))
    assert degrees < 3
    assert np.hypot(*(shown - mesh)[list(OVAL), :2].T).max() < 0.02 * size_of(mesh)


def test_a_mesh_posed_as_itself_stays_where_it_is(mesh):
    shut = spread_lips(mesh, 0.0)

    assert np.abs(posed(shut, shut, shut) - shut).max() < 0.03 * size_of(mesh)


@pytest.mark.parametrize("spoken", [0.0, 0.2])
@pytest.mark.parametrize("own", [0.0, 0.2])
def test_the_mouth_opens_and_shuts_with_the_face_s(mesh, own, spoken):
    shown = posed(spread_lips(mesh, own), spread_lips(mesh, spoken), mesh)

    if spoken:
        assert spoken < mouth_gap(shown) < 2 * spoken
    else:
        assert np.abs(shown[list(UPPER_LIP)] - shown[list(LOWER_LIP)]).max() < 1e-6


def test_a_mesh_drawn_where_it_is_gives_its_photo_back(mesh):
    drawn, inside = rendered(PHOTO, mesh, mesh, triangles_of(mesh), PHOTO.shape[:2])

    hull = np.zeros(inside.shape, np.uint8)
    cv2.fillPoly(hull, [mesh[list(OVAL), :2].round().astype(np.int32)], 1)
    assert inside[hull > 0].mean() > 0.98
    assert np.abs(drawn[inside] - PHOTO[inside]).mean() < 1


def test_a_fringe_becomes_skin_and_the_features_stay(mesh):
    photo = PHOTO.copy()
    top = mesh[[10, 338, 109, 297, 67], 1].max()
    fringe = slice(int(top) - 4, int(top) + 8), slice(int(mesh[67, 0]), int(mesh[297, 0]))
    photo[fringe] = (20, 15, 10)

    out = with_skin(photo, mesh)

    cheeks = mesh[list(CHEEKS), :2].round().astype(int)
    skin = np.median(PHOTO[cheeks[:, 1], cheeks[:, 0]], axis=0)
    assert np.abs(out[fringe].mean(axis=(0, 1)) - skin).max() < 50
    below = slice(int(mesh[[33, 263], 1].min()), 300)
    assert (out[below] == photo[below]).mean() > 0.9


def test_even_her_own_face_is_less_like_her_in_other_proportions(face, target):
    """The target is her own photo, mirrored and broader, which SFace knows."""
    itself = np.asarray(Image.open(target))
    out = obfuscate(PHOTO, f"swap:{target}", [face])

    (known,), (found,) = detect(itself), detect(out)
    person = embed(PHOTO, face)
    assert person @ embed(itself, known) > 0.75
    assert person @ embed(out, found) < 0.6


def test_the_border_of_a_region_stays_as_it_is(face, target):
    """What lies around the region goes on without a step."""
    box = face.box
    tight = PHOTO[box.y - 10 : box.y + box.h + 10, box.x - 10 : box.x + box.w + 10]
    marks = tuple((x - box.x + 10, y - box.y + 10) for x, y in face.landmarks)
    inner = Face(type(box)(10, 10, box.w, box.h), 1.0, marks)

    out = obfuscate(tight, f"swap:{target}", [inner])

    rim = np.concatenate([(out != tight)[side].ravel() for side in (np.s_[:1], np.s_[:, :1])])
    assert rim.mean() < 0.02


def test_it_is_always_the_same(face, target):
    look = get_look(f"swap:{target}")

    assert (obfuscate(PHOTO, look, [face]) == obfuscate(PHOTO, look, [face])).all()
