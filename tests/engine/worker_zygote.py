"""Makes worker processes one after another, fast since all is imported once; says when each has ended."""

import json
import os
import sys
from pathlib import Path

import torch
from worker_talk import small

from engine import train
from engine.recording.writer import initial_meta
from engine.running.worker import Worker


def say(**values):
    print(json.dumps(values), flush=True)


# on one thread, so that no thread is lost in a fork: what training and frames import at their first use
torch.set_num_threads(1)
initial_meta("cpu")
for _ in train(small("softmax", steps=4)):
    pass
for _ in range(int(sys.argv[2])):
    child = os.fork()
    if child == 0:
        say(say="pid", run=None, pid=os.getpid())
        Worker(Path(sys.argv[1]), "cpu", sys.stdin, sys.stdout).serve()
        os._exit(0)
    os.waitpid(child, 0)
    say(say="ended", run=None)
