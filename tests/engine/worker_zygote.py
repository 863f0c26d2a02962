"""Makes worker processes one after another, fast since all is imported once; says when each has ended."""

import json
import os
import sys
from pathlib import Path

import torch
import torch._dynamo  # by the first optimiser otherwise

from engine.recording.writer import begun
from engine.running.worker import Worker
from toy_data import DATA_SETS


def say(**told):
    print(json.dumps(told), flush=True)


DATA_SETS["blobs"]().load()
begun("cpu")
for _ in range(int(sys.argv[2])):
    child = os.fork()
    if child == 0:
        torch.set_num_threads(1)
        say(say="pid", run=None, pid=os.getpid())
        Worker(Path(sys.argv[1]), "cpu", sys.stdin, sys.stdout).serve()
        os._exit(0)
    os.waitpid(child, 0)
    say(say="ended", run=None)
