"""Makes worker processes one after another, fast since all is imported once; says when each has ended."""

import json
import os
import sys
from pathlib import Path

import torch

from engine.recording.writer import initial_meta
from engine.running.worker import Worker
from toy_data import DATA_SETS


def say(**values):
    print(json.dumps(values), flush=True)


DATA_SETS["blobs"]().load()
initial_meta("cpu")
for _ in range(int(sys.argv[2])):
    child = os.fork()
    if child == 0:
        torch.set_num_threads(1)
        say(say="pid", run=None, pid=os.getpid())
        Worker(Path(sys.argv[1]), "cpu", sys.stdin, sys.stdout).serve()
        os._exit(0)
    os.waitpid(child, 0)
    say(say="ended", run=None)
