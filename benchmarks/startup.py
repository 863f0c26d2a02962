"""The time from a fresh clone to a page that is ready, and the time of a second start.

Clones, calls ``make run``, and measures the seconds until ``/healthz`` answers 200, with packages in pip's cache.
"""

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.report import Table, free_port
from benchmarks.serving import wait_ready

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 3


def main() -> None:
    table = Table("startup", "Start of the app", "seconds to /healthz", unit="s")
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            clone = Path(folder) / "clone"
            subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
            table.add("fresh clone, packages cached (target: under 60)", _until_ready(clone))
            table.add("started again (target: under 10)", _until_ready(clone))
    table.write()


def _until_ready(clone: Path) -> float:
    """Start the app as the README says, wait until it is ready, and end it."""
    port = free_port()
    settings = {**os.environ, "LOSS_GEOMETRY_RUNS": str(clone / "runs")}
    began = time.perf_counter()
    app = subprocess.Popen(
        ["make", "run", f"PORT={port}"], cwd=clone, env=settings, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        wait_ready(f"http://127.0.0.1:{port}", app)
        return time.perf_counter() - began
    finally:
        os.killpg(app.pid, signal.SIGTERM)
        app.wait(timeout=30)


if __name__ == "__main__":
    main()
