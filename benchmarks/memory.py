"""The memory of the worker over many short runs.

    python -m benchmarks.memory [--runs 100] [--mode exact]

Each run has its own seed. The resident memory of the worker is read after each run (Linux only).
"""

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.report import Table
from engine import Experiment
from engine.running.client import Client

STEPS = 40
WARM = 20  # runs after which memory should no longer grow
WITHIN = 0.05
SHOWN = (1, 10, WARM, 50, 100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--mode", choices=("exact", "fast"), default="exact")
    given = parser.parse_args()
    name = "memory" if given.mode == "exact" else f"memory_{given.mode}"
    table = Table(name, f"The worker's memory over {given.runs} runs, {given.mode} mode", "resident memory, MiB")
    table.notes = [f"Runs of two panels on the digits, {STEPS} steps each, with their recordings."]
    resident = measured(given.runs, given.mode)
    for count in SHOWN:
        if count <= len(resident):
            table.add(f"after run {count}", resident[count - 1])
    later = resident[WARM - 1 :]
    if later:
        table.add(f"after runs {WARM} to {given.runs}", *later)
        ratios = [each / later[0] for each in later]
        table.add(f"of that after run {WARM} (target: within {WITHIN:.0%})", *ratios)
    table.write(keep=given.runs >= SHOWN[-1])


def measured(runs: int, mode: str) -> list[float]:
    """Return the worker's resident memory in MiB after each run."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        client = Client([Path(folder)], "cpu")
        client.open()
        try:
            if not client.worker.ready.wait(120):
                raise TimeoutError("the worker did not start")
            for seed in range(runs):
                _run(client, mode, seed)
                assert client.worker.process is not None
                found.append(_resident(client.worker.process.pid))
        finally:
            client.worker.close()
    return found


def _run(client: Client, mode: str, seed: int) -> None:
    panels = [{"loss": "arcface"}, {"loss": "softmax"}]
    started = client.start(Experiment.parse({"panels": panels, "steps": STEPS, "seed": seed, "mode": mode}))
    client.steer(started.id, started.owner, "pace", frames_per_second=1000.0, steps_per_frame=4)
    state = client.state(started.id)
    assert state is not None
    deadline = time.monotonic() + 120
    while state.status in {"opening", "open"} and time.monotonic() < deadline:
        time.sleep(0.01)
    assert state.status == "done", state


def _resident(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


if __name__ == "__main__":
    main()
