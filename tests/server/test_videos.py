"""Videos: a job protects and recovers them as the command does; other requests name the job."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest

pytest.importorskip("av", reason="the extra video is not installed")

from proface import Key
from proface.files.video.protect import protect_video
from proface.files.video.recover import recover_video
from proface.options import Options
from tests.clips import make, sliding
from tests.server.services import PASSWORD, SECONDS, Running, serving
from tests.server.test_jobs import archive, finished, upload


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return make(path, [sliding(20, 30, 1, 0, 0.7)], 20, size=(192, 160)).path.read_bytes()


def protected(client: httpx.Client, clip: bytes, **fields: str) -> dict:
    sent = upload(client, clip, "clip.mp4")
    began = client.post("/v1/jobs/protect", data={"upload": [sent], "password": PASSWORD, **fields})
    assert began.status_code == 202, began.text
    return finished(client, began.json()["id"])


def test_a_job_protects_a_video_beside_photos_and_another_recovers_it(
    client, service: Running, clip: bytes, portrait: bytes, tmp_path: Path
):
    sent = [upload(client, clip, "clip.mp4"), upload(client, portrait, "a.jpg")]
    began = client.post("/v1/jobs/protect", data={"upload": sent, "password": PASSWORD})
    job = finished(client, began.json()["id"])

    assert (job["done"], job["failed"], job["videos"]) == (2, 0, [])
    (record,) = [one for one in job["records"] if one["input"] == "clip.mp4"]
    assert record["video"]
    assert record["faces"] == 1
    assert record["sentence"].startswith("clip.mp4 -> clip.mp4: ")
    hidden = archive(client, job["id"]).read("clip.mp4")
    # The command opens what the service made, and the service what the command made.
    (tmp_path / "clip.mp4").write_bytes(hidden)
    back = recover_video(tmp_path / "clip.mp4", tmp_path / "a.mp4", Key.from_password(PASSWORD))
    assert back.opened is None

    (tmp_path / "source.mp4").write_bytes(clip)
    key = Key.from_password(PASSWORD)
    protect_video(tmp_path / "source.mp4", tmp_path / "b.mp4", key, Options())
    again = upload(client, (tmp_path / "b.mp4").read_bytes(), "b.mp4")
    began = client.post("/v1/jobs/recover", data={"upload": [again], "password": PASSWORD})
    job = finished(client, began.json()["id"])
    assert job["failed"] == 0, job
    assert archive(client, job["id"]).namelist() == ["b.mp4", "records.jsonl"]


def test_a_wrong_password_is_a_record_with_the_commands_code(client, clip: bytes):
    hidden = archive(client, protected(client, clip)["id"]).read("clip.mp4")
    sent = upload(client, hidden, "clip.mp4")
    began = client.post("/v1/jobs/recover", data={"upload": [sent], "password": "another"})
    (record,) = finished(client, began.json()["id"])["records"]
    assert record["code"] == 12
    assert record["error"].startswith("clip.mp4: ")


def test_how_faces_are_carried_can_be_chosen(client, clip: bytes):
    (record,) = protected(client, clip, carry="pixels")["records"]
    assert record["carry"] == "pixels"


@pytest.mark.parametrize("request_", ["faces", "preview", "protect", "recover", "inspect"])
def test_requests_about_one_photo_say_where_videos_go(client, clip: bytes, request_: str):
    answer = client.post(
        f"/v1/{request_}", files={"photo": ("clip.mp4", clip)}, data={"password": PASSWORD}
    )
    assert answer.status_code == 415
    assert "start a job" in answer.json()["detail"]


def test_a_cancelled_video_ends_and_leaves_nothing(client, service: Running, tmp_path: Path):
    long = make(tmp_path / "long.mp4", [sliding(20, 30, 0.2)], 400, size=(192, 160), sound=False)
    sent = upload(client, long.path.read_bytes(), "long.mp4")
    began = client.post("/v1/jobs/protect", data={"upload": [sent], "password": PASSWORD})
    number = began.json()["id"]
    until = time.monotonic() + SECONDS
    while not client.get(f"/v1/jobs/{number}").json()["videos"]:
        assert time.monotonic() < until
    assert client.delete(f"/v1/jobs/{number}").status_code == 204
    while set(service.left()) & {sent, number}:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_video_has_limits_of_its_own(clip: bytes, portrait: bytes, tmp_path: Path):
    limits = {"video_bytes": len(clip), "file_bytes": len(portrait), "video_seconds": 0.001}
    with serving(tmp_path / "t", limits=limits) as running, running.client() as client:
        assert len(clip) > len(portrait)
        (record,) = protected(client, clip)["records"]
        assert "over 0.001 seconds" in record["error"]
        for name, data in (("a.mp4", clip + b"\0"), ("a.jpg", portrait + b"\0")):
            answer = client.post("/v1/uploads", files={"photo": (name, data)})
            assert answer.status_code == 413
            assert name in answer.json()["detail"]
