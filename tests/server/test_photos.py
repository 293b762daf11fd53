"""Requests about one photo give what the commands give."""

from __future__ import annotations

import io
import json
from pathlib import Path
from urllib.parse import unquote

import httpx
import numpy as np
import pytest
from PIL import Image

from proface.options import Options
from tests.cli.runs import SECRET, WITH, call
from tests.server.conftest import pixels, saved
from tests.server.services import PASSWORD, Running


def ask(client: httpx.Client, path: str, photo: bytes, name: str = "portrait.jpg", **fields):
    return client.post(path, files={"photo": (name, photo)}, data=fields)


def blocks(data: bytes) -> np.ndarray:
    """The mean colours of the blocks of 16 x 16 pixels of a picture of 512 x 512."""
    with Image.open(io.BytesIO(data)) as image:
        values = np.asarray(image.convert("RGB"), float)
    return values.reshape(32, 16, 32, 16, 3).mean(axis=(1, 3))


def record(answer: httpx.Response) -> dict:
    return json.loads(answer.headers["proface-record"])


def test_protect_and_recover_bring_every_pixel_back(client, portrait, protected):
    assert pixels(protected) != pixels(portrait)

    answer = ask(client, "/v1/recover", protected, "portrait-protected.jpg", password=PASSWORD)

    assert answer.status_code == 200
    assert pixels(answer.content) == pixels(portrait)
    assert record(answer)["exact"]
    assert "portrait-recovered.jpg" in unquote(answer.headers["content-disposition"])


def test_command_and_service_open_each_others_files(client, portrait, protected, tmp_path: Path):
    (tmp_path / "a.jpg").write_bytes(protected)
    run = call("recover", tmp_path / "a.jpg", "-o", tmp_path / "b.jpg", *WITH)
    assert run.code == (0 if SECRET == PASSWORD else 12)
    (tmp_path / "c.jpg").write_bytes(portrait)
    assert call("protect", tmp_path / "c.jpg", "-o", tmp_path / "d.png", *WITH).code == 0

    answer = ask(client, "/v1/recover", (tmp_path / "d.png").read_bytes(), password=SECRET)

    assert answer.status_code == 200
    assert record(answer)["status"] == "recovered"


def test_faces_are_those_of_the_command(client, three_faces: Path):
    run = call("faces", three_faces, "--json")

    answer = ask(client, "/v1/faces", three_faces.read_bytes()).json()

    said = json.loads(run.out)
    assert (answer["faces"], answer["regions"]) == (said["faces"], said["regions"])
    assert len(answer["faces"]) == 3


def test_a_preview_shows_the_protected_picture_but_for_the_noise(client, astronaut):
    photo = saved(astronaut, "PNG")
    fields = {"look": "mask:star"}
    preview = ask(client, "/v1/preview", photo, "a.png", **fields)
    protected = ask(client, "/v1/protect", photo, "a.png", password=PASSWORD, **fields)

    shown, made, was = (blocks(data) for data in (preview.content, protected.content, photo))
    assert np.abs(shown - made).max() < 8  # a JPEG's losses, and noise of one level
    assert np.abs(shown - was).max() > 60


def test_a_preview_of_a_weak_look_says_what_the_command_says(client, portrait, tmp_path: Path):
    (tmp_path / "a.jpg").write_bytes(portrait)
    run = call("protect", tmp_path / "a.jpg", "-o", tmp_path / "b.jpg", "-l", "blur:5", *WITH)

    answer = ask(client, "/v1/preview", portrait, look="blur:5")

    assert answer.headers["proface-warning"] in run.err


def test_skipped_faces_and_added_regions_are_followed(client, three_faces: Path):
    fields = {"skip": ["1", "3"], "region": ["600,400,64,64"], "password": PASSWORD}

    answer = ask(client, "/v1/protect", three_faces.read_bytes(), format="png", **fields)

    assert record(answer)["uncovered"] == 2
    assert len(record(answer)["regions"]) == 2


def test_inspect_verify_and_face_keys_follow_the_commands(client, portrait, protected):
    held = ask(client, "/v1/inspect", protected).json()
    assert (held["keys"], len(held["regions"]), held["altered"]) == (["password"], 1, [])

    files = {"photo": ("p.jpg", protected), "original": ("o.jpg", portrait)}
    report = client.post("/v1/verify", files=files, data={"password": PASSWORD}).json()
    assert report["fault"] is None
    assert report["outside_differs"] == 0

    key = ask(client, "/v1/keys/export", protected, password=PASSWORD, face="1")
    files = {"photo": ("p.jpg", protected), "key_file": ("face.key", key.content)}
    opened = client.post("/v1/recover", files=files)
    assert record(opened)["opened"] == [1]


def test_a_key_file_made_here_opens_what_it_protects(client, portrait):
    key = client.post("/v1/keys/generate").content
    assert key != client.post("/v1/keys/generate").content
    given = {"photo": ("p.jpg", portrait), "key_file": ("my.key", key)}

    protected = client.post("/v1/protect", files=given)
    back = client.post("/v1/recover", files={**given, "photo": ("q.jpg", protected.content)})

    assert pixels(back.content) == pixels(portrait)


@pytest.mark.parametrize(
    ("path", "fields", "status", "code", "words"),
    [
        ("recover", {"password": "wrong"}, 403, 12, "does not open this file. Check its spelling"),
        ("recover", {"password": ""}, 400, 2, "Give a password in the field `password`"),
        ("protect", {"password": "x"}, 409, 1, "portrait.jpg: protected already. Recover it first"),
        ("keys/export", {"password": PASSWORD, "face": "7"}, 400, 2, "there is no face 7"),
        ("recover", {}, 400, 2, "Give a password in the field `password`"),
    ],
)
def test_errors_are_worded_as_by_the_command(client, protected, path, fields, status, code, words):
    answer = ask(client, f"/v1/{path}", protected, **fields)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert words in answer.json()["detail"]


def test_an_altered_photo_is_refused_and_named(client, astronaut):
    photo = ask(client, "/v1/protect", saved(astronaut, "PNG"), "a.png", password=PASSWORD)
    with Image.open(io.BytesIO(photo.content)) as image:
        altered = np.array(image)
    altered[0, 0] ^= 1
    # The private chunk is kept: only the pixels change.
    data = photo.content
    start = data.index(b"prFc") - 4
    length = int.from_bytes(data[start : start + 4], "big") + 12
    plain = saved(Image.fromarray(altered), "PNG")
    damaged = plain[:33] + data[start : start + length] + plain[33:]

    answer = ask(client, "/v1/recover", damaged, "a.png", password=PASSWORD)

    assert (answer.status_code, answer.json()["code"]) == (422, 13)
    assert answer.json()["detail"].startswith("a.png: altered since it was protected")


def test_an_upload_serves_many_requests_until_it_is_removed(client, service: Running, portrait):
    number = client.post("/v1/uploads", files={"photo": ("p.jpg", portrait)}).json()["id"]
    for _ in range(2):
        faces = client.post("/v1/faces", data={"upload": number}).json()["faces"]
        assert len(faces) == 1
    assert number in service.left()

    assert client.delete(f"/v1/uploads/{number}").status_code == 204

    assert number not in service.left()
    assert client.post("/v1/faces", data={"upload": number}).status_code == 404


def test_the_reference_lists_every_request_and_loads_nothing_from_elsewhere(client):
    page = client.get("/docs").text
    paths = client.get("/openapi.json").json()["paths"]

    assert {"/v1/protect", "/v1/recover", "/v1/verify", "/v1/faces"} <= set(paths)
    assert all(f"{path}</code>" in page for path in paths)
    assert "http://" not in page
    assert "https://" not in page


def test_what_is_left_out_is_as_in_the_command(client):
    """The defaults of the fields, as the service describes them, are those of `Options`."""
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    defaults = vars(Options())
    compared = set()
    for path in ("protect_v1_protect_post", "protect_v1_jobs_protect_post"):
        (schema,) = [one for name, one in schemas.items() if name.endswith(path)]
        for name, field in schema["properties"].items():
            if name in defaults and field.get("default") is not None:
                assert field["default"] == defaults[name], name
                compared.add(name)
    assert {"look", "threshold", "expand", "careful", "survive", "carry", "crf"} <= compared
