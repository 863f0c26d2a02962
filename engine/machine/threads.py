"""How many threads training takes: one core is left to whoever else is there.

Nets as small as ours gain little from a second thread, and wait for it at every operation where a neighbour has
the core: single steps of 5 ms were measured at 475 ms then.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

#: Seconds for which a thread of Python may keep another one waiting. While a program is compiled, a step of sixteen
#: small nets takes 14 ms with this, 21 with ten times as much; with less, no less.
_TURN = 0.00005


def take_turns() -> None:
    """Let threads of this process take short turns.

    One that makes a step ready would else hold up each operation of the steps taken meanwhile for the usual 5 ms.
    """
    sys.setswitchinterval(_TURN)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if "sched_getaffinity" in dir(os) else os.cpu_count() or 1


def spare() -> int:
    """Return how many threads leave one core."""
    return max(1, cores() - 1)


@contextmanager
def spared() -> Iterator[None]:
    """Leave one core while the block runs; afterwards the caller's own setting holds again."""
    before = torch.get_num_threads()
    torch.set_num_threads(min(before, spare()))
    try:
        yield
    finally:
        torch.set_num_threads(before)
