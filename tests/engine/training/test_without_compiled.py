"""Without the optional room ``engine.compiled`` all works, and the bytes of the exact mode are the same.

The whole suite runs without it by ``LOSS_GEOMETRY_WITHOUT_COMPILED=1 pytest tests``.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

#: Trains, edits, forks and sweeps, and prints a hash of each; without the room where that is the last argument.
SCRIPT = """
import hashlib, json, sys
from pathlib import Path

folder, room = Path(sys.argv[1]), sys.argv[2]
if room == "without":
    from compiled_blocker import block
    block()

import torch
torch.set_num_threads(1)
from engine_parts import bytes_of, experiment
from engine import Edit, Recording, Trainer, record, train
from engine.sweeping.chunks import train_chunk

results = {}

def note(name, *parts):
    results[name] = hashlib.sha256(b"".join(parts)).hexdigest()

def whole(frame):
    return b"".join(bytes_of(frame, panel) for panel in range(len(frame.panels)))

own = experiment("center", "arcface", "arcface", steps=60, steps_per_frame=20)
edits = [Edit(5, 1, "margin", 0.1), Edit(45, None, "learning_rate", 0.02), Edit(50, 2, "beyond", "easy")]
note("train", *map(whole, train(own, edits)))

trainer = Trainer(own)
while trainer.step < 50:
    trainer.advance()
trainer.stepper.wait()
fork = Trainer.restore(own, [], trainer.checkpoint())
for each in (trainer, fork):
    each.apply(Edit(50, 1, "margin", 0.2))
    while not each.finished:
        each.advance()
note("checkpoint", trainer.checkpoint())
note("fork", fork.checkpoint())

list(record(own, folder / f"{room}.lossgeo"))
with Recording(folder / f"{room}.lossgeo") as recording:
    note("recording", *(row.body for row in recording.stored_frames(0, recording.frames)))
chunk, _ = train_chunk(experiment("softmax", "nsl", "nsl"), None, device="cpu", tick=lambda steps: None)
note("chunk", whole(chunk))

fast = Trainer(experiment("nsl", mode="fast", steps=45))
while not fast.finished:
    fast.advance()
assert fast.frame().panels[0].test_accuracy > 0.5
if room == "without":
    assert fast.stage == "exact"
loaded = sorted(name for name in sys.modules if name.startswith("engine.compiled"))
assert bool(loaded) is (room == "with"), loaded
print(json.dumps(results))
"""


def test_everything_works_without_the_room_and_exact_bytes_are_the_same(tmp_path):
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "engine")])
    given = {**os.environ, "PYTHONPATH": paths}
    results = []
    for room in ("with", "without"):
        command = [sys.executable, "-c", SCRIPT, str(tmp_path), room]
        process = subprocess.run(command, capture_output=True, text=True, env=given, timeout=300, check=False)
        assert (process.returncode, process.stderr) == (0, "")
        results.append(json.loads(process.stdout))
    assert results[0] == results[1]
    assert results[0]["checkpoint"] == results[0]["fork"]
    assert len(set(results[0].values())) == 4
