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
    """Sends commands to a worker and collects what it announces."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
        self.heard = []
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
                told = self._lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {say} of {run}; the last were {self.heard[-5:]}") from None
            assert told is not None, f"the worker ended before it said {say}"
            self.heard.append(told)
            if told["say"] == say and told.get("run") == run and all(told[name] == wanted[name] for name in wanted):
                return told

    def of(self, run, say):
        return [told for told in self.heard if told.get("run") == run and told["say"] == say]

    def close(self):
        self.process.stdin.close()
        code = self.process.wait(30)
        self._reader.join(10)
        self.process.stdout.close()
        return code
