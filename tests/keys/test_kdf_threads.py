"""Several passwords are derived in several threads of one process."""

import subprocess
import sys

SCRIPT = """
from concurrent.futures import ThreadPoolExecutor
from proface.keys import KdfParameters, Key
kdf = KdfParameters(bytes(16))
with ThreadPoolExecutor(8) as pool:
    masters = list(pool.map(lambda n: Key.from_password(f"word {n}").master(kdf), range(16)))
print(len(set(masters)))
"""


def test_derivations_in_threads_do_not_wait_for_each_other_for_ever():
    """OpenSSL's lanes share a pool of threads. A process, as a hang could not be ended here."""
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=300
    )
    assert run.stdout == "16\n"
