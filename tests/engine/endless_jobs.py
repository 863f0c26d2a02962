"""Jobs of the background thread that go on for ever, for processes that end meanwhile."""

import sys
import threading
import time
from dataclasses import dataclass

import torch
from torch.fx.experimental.proxy_tensor import make_fx

from engine.compiled.background import ENDING, Job, check_ending, request
from engine.compiled.compile_process import compile_apart

BEGUN = threading.Event()


@dataclass(frozen=True, kw_only=True)
class Sleep(Job):
    """What a process compiles for ten minutes; its class has to be importable there."""

    def make(self, example):
        BEGUN.set()
        compile_apart(self, ENDING)

    def compile(self, example):
        time.sleep(600)


@dataclass(frozen=True, kw_only=True)
class Trace(Job):
    """What is traced again and again."""

    def make(self, example):
        BEGUN.set()
        while True:
            make_fx(lambda x: torch.vmap(torch.sin)(x).cos().sum())(*example)
            check_ending()


def main():
    kind = {"tracing": Trace, "compiling": Sleep}[sys.argv[1]]
    request(kind(sizes=(), device="cpu", threads=1), [torch.zeros(3, 3)])
    assert BEGUN.wait(60)
    sys.exit(3)


if __name__ == "__main__":
    import endless_jobs  # by its name, as a process that reads such a job does

    endless_jobs.main()
