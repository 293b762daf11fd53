"""The service under many clients: answers, seconds, memory, and what it leaves.

python -m benchmarks.bench_server [--requests 200] [--clients 20] [--megapixels 2] [--faces 3]
"""

from __future__ import annotations

import argparse
import io
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from PIL import Image

from benchmarks.pictures import make_photo
from benchmarks.service import serving

MOST_SECONDS = 600


def resident(pid: int) -> float:
    """The memory of a process in MB."""
    with open(f"/proc/{pid}/status") as file:
        line = next(line for line in file if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def main() -> None:
    """Send photos to protect, wait when told to, and print a row."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--megapixels", type=float, default=2)
    parser.add_argument("--faces", type=int, default=3)
    options = parser.parse_args()
    file = io.BytesIO()
    photo = make_photo(options.megapixels, options.faces, 200)
    Image.fromarray(photo).save(file, "JPEG", quality=92)
    data = file.getvalue()
    with tempfile.TemporaryDirectory() as name:
        with serving(name) as (process, address):
            before, peak, done = resident(process.pid), [0.0], threading.Event()
            answers: Counter[int] = Counter()

            def watch() -> None:
                while not done.wait(0.1):
                    peak[0] = max(peak[0], resident(process.pid))

            def one(_number: int) -> None:
                with httpx.Client(
                    base_url=address, timeout=MOST_SECONDS, trust_env=False
                ) as client:
                    while True:
                        answer = client.post(
                            "/v1/protect",
                            files={"photo": ("a.jpg", data)},
                            data={"password": "correct horse"},
                        )
                        answers[answer.status_code] += 1
                        if answer.status_code != 429:
                            return
                        time.sleep(float(answer.headers["Retry-After"]))

            watcher = threading.Thread(target=watch)
            watcher.start()
            began = time.monotonic()
            with ThreadPoolExecutor(options.clients) as pool:
                list(pool.map(one, range(options.requests)))
            seconds = time.monotonic() - began
            done.set()
            watcher.join()
            (folder,) = Path(name).glob("proface-serve-*")
            left = [path for path in folder.iterdir() if path.name != "lock"]
        after = list(Path(name).iterdir())
    counted = ", ".join(f"{status}: {count}" for status, count in sorted(answers.items()))
    print("| answers | seconds | MB before | MB peak | files left | after the end |")
    print("|" + " --- |" * 6)
    print(
        f"| {counted} | {seconds:.0f} | {before:.0f} | {peak[0]:.0f} | {len(left)} | {len(after)} |"
    )


if __name__ == "__main__":
    main()
