"""Forged sizes, wrong types, archives, names, broken HTTP: each a clear 4xx, no traceback."""

from __future__ import annotations

import io
import json
import socket
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image

from proface.errors import UsageError
from proface.server.forms import GivenLook
from tests.server.conftest import saved
from tests.server.services import SECONDS, Running, serving


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service of its own, which at the end has logged no traceback and kept no file."""
    with serving(tmp_path_factory.mktemp("target"), limits={"idle_seconds": 1}) as running:
        yield running
        with running.client() as client:
            assert client.get("/v1/about").status_code == 200
        assert running.left() == []
    log = "".join(running.log)
    assert "Traceback" not in log
    assert "unexpected" not in log


def png(width: int, height: int) -> bytes:
    """A PNG that says a size and has hardly any data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


def archive(depth: int) -> bytes:
    data = b"a photo"
    for level in range(depth):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as made:
            made.writestr(f"{'../' * level}folder/{level}.zip", data)
        data = file.getvalue()
    return data


GREY = Image.new("L", (40, 30), 99)
FRAMES = [Image.new("RGB", (9, 9), (90 * n, 0, 0)) for n in range(3)]
PHOTOS: dict[str, bytes] = {
    "empty": b"",
    "text": b"This is no photo.",
    "zip of nested folders": archive(5),
    "html": b"<!doctype html><script>alert(1)</script>",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
    "pdf": b"%PDF-1.7\n%%EOF",
    "jpeg cut off": saved(GREY, "JPEG")[:200],
    "jpeg of its first bytes": b"\xff\xd8\xff",
    "png of a forged size": png(60000, 60000),
    "png that is a bomb": png(9000, 7000),
    "png of no size": png(0, 9),
    "animated": saved(FRAMES[0], "GIF", save_all=True, append_images=FRAMES[1:]),
    "tiff of several pages": saved(GREY, "TIFF", save_all=True, append_images=[GREY]),
}
PATHS = ("uploads-then-faces", "faces", "preview", "protect", "recover", "inspect", "verify")
NAMES = ("../../etc/passwd", "/etc/passwd", "..\\..\\a", "a\x00b", "." * 300, "CON", "a\nb", "")
FIELDS: dict[str, tuple[str, dict[str, object]]] = {
    "no photo": ("protect", {"password": "x"}),
    "an upload that is a path": ("faces", {"upload": "../../etc/passwd"}),
    "an upload that is not there": ("faces", {"upload": "0" * 32}),
    "a threshold over one": ("faces", {"threshold": "7"}),
    "a threshold that is no number": ("faces", {"threshold": "nan"}),
    "a look that is a path": ("protect", {"look": "mask:/etc/passwd.png", "password": "x"}),
    "a look that is another path": ("protect", {"look": "swap:/etc/passwd", "password": "x"}),
    "a look that is a relative path": ("preview", {"look": "mask:x.png"}),
    "a look without an end": ("preview", {"look": "a" * 100_000}),
    "a look that is unknown": ("preview", {"look": "none:1"}),
    "a strength out of range": ("preview", {"look": "blur:1e9"}),
    "a region that is none": ("protect", {"region": "1,2", "password": "x"}),
    "a region outside": ("protect", {"region": "9999999,0,5,5", "password": "x"}),
    "a face that is not there": ("protect", {"skip": "99", "password": "x"}),
    "a face that is no number": ("protect", {"skip": "one", "password": "x"}),
    "a format that is a path": ("protect", {"format": "/tmp/x", "password": "x"}),
    "a model that is a path": ("protect", {"model": "../../x", "password": "x"}),
    "a quality out of range": ("protect", {"quality": "1000", "password": "x"}),
    "a size to fit of nothing": ("protect", {"fit": "0", "password": "x"}),
    "expand without bounds": ("protect", {"expand": "1e300", "password": "x"}),
    "expand that is no number": ("protect", {"expand": "inf", "password": "x"}),
    "no detection and no region": ("protect", {"detect": "false", "password": "x"}),
    "deniable and exact": ("protect", {"deniable": "1", "exact": "1", "password": "x"}),
    "survive nonsense": ("protect", {"survive": "fire", "password": "x"}),
    "a password without an end": ("protect", {"password": "x" * 100_000}),
    "a face key of none": ("keys/export", {"password": "x"}),
    "a job without uploads": ("jobs/protect", {"password": "x"}),
    "a job of a path": ("jobs/protect", {"upload": "../x", "password": "x"}),
    "a job of one thing twice": ("jobs/recover", {"upload": ["a", "a"], "password": "x"}),
}
HEAD = "POST /v1/faces HTTP/1.1\r\nHost: {host}\r\n"
MULTI = "Content-Type: multipart/form-data; boundary=x\r\n"
RAW: dict[str, str] = {
    "another host": "GET /v1/about HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "no host": "GET /v1/about HTTP/1.0\r\n\r\n",
    "another site's page": HEAD + "Origin: https://evil.example\r\nContent-Length: 0\r\n\r\n",
    "another site's frame": HEAD + "Sec-Fetch-Site: cross-site\r\nContent-Length: 0\r\n\r\n",
    "a length over all": HEAD + MULTI + "Content-Length: 99999999999999\r\n\r\n",
    "a length that is none": HEAD + MULTI + "Content-Length: many\r\n\r\n",
    "a body that stops": HEAD + MULTI + "Content-Length: 5000\r\n\r\n--x\r\n",
    "no boundary": HEAD + "Content-Type: multipart/form-data\r\nContent-Length: 3\r\n\r\nabc",
    "a part without an end": HEAD + MULTI + "Content-Length: 8\r\n\r\n--x\r\nabc",
    "a method of none": "BREW /v1/faces HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "a trace": "TRACE / HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "a path above": "GET /static/../../app.py HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "a path above, encoded": "GET /static/..%2f..%2fapp.py HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "a job that is a path": "GET /v1/jobs/..%2f.. HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "no HTTP at all": "\x16\x03\x01 hello\r\n\r\n",
}


@pytest.mark.parametrize("look", ["mask:own.png", "MASK:own.png", " Mask : own.png "])
def test_a_look_names_no_file_of_the_service(look: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="look_picture"):
        GivenLook(look, None).spec(tmp_path, 1000)


BODIES = [(path, name) for path in PATHS for name in PHOTOS]


def check(answer: httpx.Response, target: Running) -> None:
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"
    detail = answer.json()["detail"]
    assert detail
    assert str(target.temporary) not in detail
    assert "Traceback" not in detail


@pytest.mark.parametrize(("path", "name"), BODIES)
def test_what_is_no_photo(target: Running, path: str, name: str) -> None:
    files = {"photo": ("photo.jpg", PHOTOS[name])}
    with target.client() as client:
        if path == "uploads-then-faces":
            kept = client.post("/v1/uploads", files=files)
            if kept.status_code >= 400:
                check(kept, target)
                return
            number = kept.json()["id"]
            answer = client.post("/v1/faces", data={"upload": number})
            client.delete(f"/v1/uploads/{number}")
        else:
            answer = client.post(f"/v1/{path}", files=files, data={"password": "x"})
    check(answer, target)


@pytest.mark.parametrize("name", NAMES)
def test_file_names_are_names_only(target: Running, name: str, tmp_path: Path) -> None:
    with target.client() as client:
        files = {"photo": (name or " ", b"This is no photo.")}
        check(client.post("/v1/faces", files=files), target)
        kept = client.post("/v1/uploads", files=files)
        if kept.status_code == 201:
            own = kept.json()["name"]
            assert not set(own) & set("/\\\0\n")
            assert own not in ("", ".", "..")
            (folder,) = [path for path in target.private.iterdir() if path.is_dir()]
            assert [path.name for path in folder.iterdir()] == [own]
            client.delete(f"/v1/uploads/{kept.json()['id']}")


@pytest.mark.parametrize("name", FIELDS)
def test_fields_that_make_no_sense(target: Running, name: str, portrait: bytes) -> None:
    path, fields = FIELDS[name]
    with_photo = "upload" not in fields and name != "no photo"
    files = {"photo": ("a.jpg", portrait)} if with_photo else None
    with target.client() as client:
        check(client.post(f"/v1/{path}", files=files, data=fields), target)


@pytest.mark.parametrize("name", RAW)
def test_http_that_is_wrong(target: Running, name: str) -> None:
    address = urlsplit(target.address)
    with socket.create_connection((address.hostname, address.port), SECONDS) as opened:
        opened.sendall(RAW[name].replace("{host}", address.netloc).encode("latin-1"))
        answer = b""
        while piece := opened.recv(65536):
            answer += piece
            head, found, body = answer.partition(b"\r\n\r\n")
            length = [
                line for line in head.split(b"\r\n") if line.lower().startswith(b"content-le")
            ]
            if found and length and len(body) >= int(length[0].partition(b":")[2]):
                break
    status = int(answer.split()[1])
    assert 400 <= status < 500
    if answer.partition(b"\r\n\r\n")[2].startswith(b"{"):
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["detail"]


def test_there_are_a_hundred() -> None:
    assert len(BODIES) + len(NAMES) + len(FIELDS) + len(RAW) >= 100
