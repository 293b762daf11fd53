"""What a run says of itself to others: salts, models loaded, and files that nothing vouches for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from PIL import Image
from skimage.data import astronaut

from proface.container.header import Header
from proface.container.storage import find_header, read_protected, write_photo
from proface.keys import KdfParameters
from tests.cli.runs import WITH, call, environment

BY_HAND = ("--no-detect", "--region", "16,16,64,64", "--no-check")


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for n in range(2):
        Image.fromarray(astronaut()[:128, 100 + n : 228 + n]).save(folder / f"{n}.png")
    return folder


def header_of(path):
    return Header.from_bytes(find_header(path))


@pytest.mark.parametrize("how", [(), ("--deniable",)])
def test_unlinkable_files_share_no_salt(photos, tmp_path, how):
    out = tmp_path / "out"
    run = call("protect", photos, "-o", out, *BY_HAND, *how, "--unlinkable", *WITH)
    assert run.code == 0

    headers = [header_of(path) for path in sorted(out.iterdir())]
    salts = {json.dumps(one.kdf or one.stanzas[0]["kdf"]) for one in headers}
    assert len(salts) == len(headers) == 2
    assert call("recover", out, "-o", tmp_path / "back", *WITH).code == 0


def test_a_run_of_jpegs_loads_no_model_that_it_does_not_use(tmp_path):
    Image.fromarray(astronaut()[:160, 100:260]).save(tmp_path / "a.jpg")
    opened = tmp_path / "opened.txt"
    spy = (
        "import sys, runpy\n"
        f"log = open({os.fspath(opened)!r}, 'w')\n"
        "sys.addaudithook(lambda name, args: name == 'open' and log.write(f'{args[0]}\\n'))\n"
        "runpy.run_module('proface', run_name='__main__', alter_sys=True)\n"
    )
    arguments = ["protect", tmp_path / "a.jpg", "-o", tmp_path / "b.jpg", *BY_HAND, *WITH]
    subprocess.run([sys.executable, "-c", spy, *map(str, arguments)], env=environment(), check=True)

    names = opened.read_text()
    assert "robust.npz" in names
    assert "padded.npz" not in names


def test_a_downgraded_file_says_that_it_is_not_verified(photos, tmp_path):
    """Somebody without the key puts a header without a MAC over the same pixels."""
    honest, forged = tmp_path / "honest.png", tmp_path / "forged.png"
    assert call("protect", photos / "0.png", "-o", honest, *BY_HAND, *WITH).code == 0
    photo, data = read_protected(honest)
    header = replace(
        Header.from_bytes(data),
        **{"scheme": "deniable", "stanzas": (), "sealed": {}, "mac": None, "nonce": bytes(32)},
        kdf=KdfParameters(bytes(16)).to_json(),
    )
    write_photo(photo, forged, header=header.to_bytes())

    run = call("recover", forged, "-o", tmp_path / "back.png", *WITH)
    assert "not verified" in run.out
    assert "do not decode to a picture" in run.out
    run = call("recover", forged, "-o", tmp_path / "again.png", "--json", *WITH)
    assert json.loads(run.out)["verified"] is False
    run = call("verify", forged, *WITH)
    assert run.code == 1
    assert "unaltered" not in run.out
    assert "the password is wrong, or the file was altered" in run.err
    assert json.loads(call("verify", honest, "--json", *WITH).out)["verified"] is True


def test_a_header_that_makes_guessing_cheap_is_refused(photos, tmp_path):
    """8 KiB and one pass: 39,000 guesses a second from what the victim sends back."""
    honest, forged = tmp_path / "honest.png", tmp_path / "forged.png"
    assert call("protect", photos / "0.png", "-o", honest, "--deniable", *BY_HAND, *WITH).code == 0
    photo, data = read_protected(honest)
    header = Header.from_bytes(data)
    kdf = {**header.kdf, "memory_kib": 8, "iterations": 1, "lanes": 1}
    write_photo(photo, forged, header=replace(header, kdf=kdf).to_bytes())

    run = call("recover", forged, "-o", tmp_path / "back.png", *WITH)
    assert run.code == 13
    assert not (tmp_path / "back.png").exists()
