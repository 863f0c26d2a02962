"""How many threads training uses: one core is left to other programs.

Small nets gain little from a second thread. Where another program has its core, they wait for it at every operation.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

#: Seconds for which a thread of Python may keep another one waiting; a lower value gains nothing.
_TURN = 0.00005


def take_turns() -> None:
    """Let threads of this process take short turns.

    Otherwise a thread that traces would delay each operation of the thread that trains by the usual 5 ms.
    """
    sys.setswitchinterval(_TURN)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if "sched_getaffinity" in dir(os) else os.cpu_count() or 1


def spare() -> int:
    """Return how many threads leave one core free, at least one."""
    return max(1, cores() - 1)


@contextmanager
def leave_one_core() -> Iterator[None]:
    """Leave one core free while the block runs; afterwards the caller's own setting holds again."""
    before = torch.get_num_threads()
    torch.set_num_threads(min(before, spare()))
    try:
        yield
    finally:
        torch.set_num_threads(before)
