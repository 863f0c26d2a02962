"""Small experiments, and a worker to talk to."""

import json
import queue
import subprocess
import sys
import threading
import time

from engine import Experiment


def small(*losses, **changes):
    """An experiment whose steps take a millisecond or two, with so few samples that a frame looks at all of them."""
    panels = [{"loss": loss} for loss in losses or ("softmax",)]
    plain = {"panels": panels, "data": "blobs", "batch": 16, "steps": 40, "steps_per_frame": 2, "points": 30}
    plain["dials"] = {"per_class": 50}
    return Experiment.parse({**plain, **changes})


class Talk:
    """Sends commands to a worker and collects its announcements."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
        self.announcements = []
        self._lines = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @classmethod
    def worker(cls, folder):
        return cls([sys.executable, "-m", "engine.running.worker", "--device", "cpu", "--runs", str(folder)])

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(json.loads(line))
        self._lines.put(None)

    @staticmethod
    def line(task, run, **values):
        return json.dumps({"do": task, "run": run, **values})

    def send(self, task, run, **values):
        print(self.line(task, run, **values), file=self.process.stdin, flush=True)

    def until(self, say, run=None, timeout=60, **wanted):
        """Return the next announcement of a kind, about a run."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                found = self._lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                last = self.announcements[-5:]
                raise AssertionError(f"no {say} of {run} in {timeout} seconds; the last were {last}") from None
            assert found is not None, f"the worker ended before it said {say}"
            self.announcements.append(found)
            if found["say"] == say and found.get("run") == run and all(found[name] == wanted[name] for name in wanted):
                return found

    def of(self, run, say):
        return [each for each in self.announcements if each.get("run") == run and each["say"] == say]

    def close(self):
        self.process.stdin.close()
        code = self.process.wait(30)
        self._reader.join(10)
        self.process.stdout.close()
        return code
