"""A process ends as it should while something is made in the background: soon, and without a word."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

#: Processes that train some steps of a loss of a package, or of ours, and end while a function is recorded or a step is
#: compiled. They are forked from one that has loaded PyTorch, and all but one also what tracing needs.
TRAIN = """
import importlib, os, sys
import torch
import engine.config.experiment
from engine import Experiment, Trainer
from engine_parts import Bomb
from losses import LOSSES

torch.set_num_threads(1)
engine.config.experiment.LOSSES = {**LOSSES, "bomb": Bomb}
mode, children = sys.argv[1], []
for place, steps in enumerate(map(int, sys.argv[2:])):
    if place == 1:
        importlib.import_module("torch._dynamo")
    child = os.fork()
    if child == 0:
        panel = {"loss": "bomb", "knobs": {"fuse": 10_000}} if place % 2 else {"loss": "arcface"}
        dials = {"classes": 10, "per_class": 30}
        described = {"panels": [panel], "dials": dials, "batch": 32, "steps": 1000, "mode": mode}
        trainer = Trainer(Experiment.parse(described))
        while trainer.step < steps:
            trainer.advance()
        sys.exit(0)
    children.append(child)
sys.exit(sum(os.waitpid(child, 0)[1] != 0 for child in children))
"""


def ended(*command, **environment):
    """How a process ended, and what it wrote."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "engine")])
    own = {**os.environ, "PYTHONPATH": paths, **environment}
    process = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, timeout=60, env=own, check=False
    )
    return process.returncode, process.stdout, process.stderr


@pytest.mark.parametrize("what", ["tracing", "compiling"])
def test_what_would_go_on_for_ever_is_ended(what):
    assert ended(str(ROOT / "tests" / "engine" / "endless_jobs.py"), what) == (3, "", "")


@pytest.mark.parametrize(
    ("mode", "steps"),
    [("exact", [41, 100, 45, 60, 150]), ("fast", [20, 300, 1, 200])],
)
def test_training_ends_while_something_is_made_for_it(mode, steps, tmp_path):
    assert ended("-c", TRAIN, mode, *map(str, steps), TORCHINDUCTOR_CACHE_DIR=str(tmp_path)) == (0, "", "")
