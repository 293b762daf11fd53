"""Many photos: progress, one archive, and nothing left."""

from __future__ import annotations

import io
import json
import time
import zipfile

import httpx
from PIL import Image

from tests.server.conftest import pixels, saved
from tests.server.services import PASSWORD, SECONDS, Running


def upload(client: httpx.Client, data: bytes, name: str) -> str:
    return client.post("/v1/uploads", files={"photo": (name, data)}).json()["id"]


def finished(client: httpx.Client, number: str) -> dict:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        job = client.get(f"/v1/jobs/{number}").json()
        if job["state"] != "running":
            return job
        time.sleep(0.05)
    raise AssertionError("the job does not end")


def archive(client: httpx.Client, number: str) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(client.get(f"/v1/jobs/{number}/result").content))


def test_a_job_protects_all_and_another_recovers_them(client, service: Running, portrait):
    names = ["a.jpg", "a.jpg", "../A.jpg", "broken.jpg"]
    sent = [upload(client, portrait, name) for name in names[:3]] + [
        upload(client, portrait[:300], names[3])
    ]
    began = client.post("/v1/jobs/protect", data={"upload": sent, "password": PASSWORD})
    assert began.status_code == 202
    job = finished(client, began.json()["id"])

    assert (job["state"], job["done"], job["failed"]) == ("done", 4, 1)
    (failed,) = [one for one in job["records"] if "error" in one]
    assert failed["error"].startswith("broken.jpg: ")
    results = archive(client, job["id"])
    assert len(results.namelist()) == 4
    assert "records.jsonl" in results.namelist()
    assert not any("/" in name or ".." in name for name in results.namelist())
    lines = results.read("records.jsonl").decode().splitlines()
    assert [json.loads(line) for line in lines] == job["records"]

    good = [name for name in results.namelist() if name != "records.jsonl"]
    again = [upload(client, results.read(name), name) for name in good]
    began = client.post("/v1/jobs/recover", data={"upload": again, "password": PASSWORD})
    back = finished(client, began.json()["id"])
    assert back["failed"] == 0
    recovered = archive(client, back["id"])
    assert all(pixels(recovered.read(name)) == pixels(portrait) for name in good)

    for number in (job["id"], back["id"]):
        assert client.delete(f"/v1/jobs/{number}").status_code == 204
        assert client.get(f"/v1/jobs/{number}").status_code == 404
    assert not set(service.left()) & {*sent, *again, job["id"], back["id"]}


def test_a_cancelled_job_leaves_nothing(client, service: Running, portrait):
    sent = [upload(client, portrait, f"{n}.jpg") for n in range(6)]
    job = client.post("/v1/jobs/protect", data={"upload": sent, "password": PASSWORD}).json()

    assert client.delete(f"/v1/jobs/{job['id']}").status_code == 204

    until = time.monotonic() + SECONDS
    while set(service.left()) & {*sent, job["id"]}:  # photos in progress are finished first
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_job_takes_its_uploads_once(client, portrait):
    sent = upload(client, portrait, "a.jpg")
    fields = {"upload": [sent], "password": PASSWORD}
    job = client.post("/v1/jobs/protect", data=fields).json()

    assert client.post("/v1/jobs/protect", data=fields).status_code == 404
    client.delete(f"/v1/jobs/{job['id']}")


def test_each_job_has_its_own_picture_of_a_look(client, service: Running, portrait):
    before = set(service.left())
    sticker = saved(Image.new("RGBA", (40, 40), (200, 30, 30, 255)), "PNG")
    jobs = []
    for _ in range(2):
        sent = upload(client, portrait, "a.jpg")
        files = {"look_picture": ("mine.png", sticker)}
        fields = {"upload": [sent], "look": "mask"}
        # Refused: without a password. Its picture goes at once.
        assert client.post("/v1/jobs/protect", data=fields, files=files).status_code == 400
        fields["password"] = PASSWORD
        answer = client.post("/v1/jobs/protect", data=fields, files=files)
        jobs.append(answer.json()["id"])
        assert finished(client, jobs[-1])["failed"] == 0
    for number in jobs:
        client.delete(f"/v1/jobs/{number}")
    assert set(service.left()) <= before
