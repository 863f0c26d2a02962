"""Chunks of a sweep that are trained at once, each in a thread of its own.

Most of a step is not Python: PyTorch lets go of Python's lock while it computes, so two threads train on two cores.
One chunk on two cores gains little, as small nets wait for the second one at every operation (engine.machine.threads).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import Self, TypeVar, final

import torch

from engine.machine.threads import cores, spare
from engine.sweeping.chunks import CACHED, PANELS, Chunk

RunEvents = TypeVar("RunEvents")

#: Chunks at once at most: a sixth of an exact step of sixteen small nets (1.8 of 10.2 ms) is not played from a record,
#: half of it Python, which one thread runs at a time.
_MOST = 8


@final
@dataclass(frozen=True)
class Together:
    """How many panels a chunk has at most, and how many chunks are trained at once."""

    panels: int
    at_once: int

    @classmethod
    def of(cls, trials: int, fitting: int, device: torch.device) -> Self:
        """Share trials among the cores of a device, so many of which fit into memory.

        A processor takes as many chunks at once as PyTorch may use cores, so large that all cores end at about the same
        time; a GPU takes one.
        """
        on_cpu = device.type == "cpu"
        at_once = max(1, min(torch.get_num_threads(), cores(), _MOST, fitting, trials)) if on_cpu else 1
        panels = max(1, min(CACHED if on_cpu else PANELS, fitting // at_once))
        if at_once > 1:
            rounds = math.ceil(trials / (panels * at_once))
            panels = math.ceil(trials / (rounds * at_once))
        return cls(panels, at_once)


@contextmanager
def trained(
    chunks: Sequence[Chunk], train: Callable[[Chunk, Event], RunEvents], at_once: int
) -> Iterator[Iterator[tuple[Chunk, RunEvents]]]:
    """Yield what yields chunks as they end, each with what ``train`` returns of it, so many of them at once.

    Each computes on its share of the threads that PyTorch may use; where there is one chunk, a core is left to whoever
    else is there. Where one fails, or the block ends, the event tells the others to end.
    """
    before, ending = torch.get_num_threads(), Event()
    own = min(before, spare() if at_once == 1 else cores() // at_once)
    pool = ThreadPoolExecutor(at_once, "chunk", initializer=torch.set_num_threads, initargs=(own,))
    try:
        running = {pool.submit(train, chunk, ending): chunk for chunk in chunks}
        # what has been taken is not kept: a frame has all points
        yield ((running.pop(ended), ended.result()) for ended in as_completed(list(running)))
    finally:
        ending.set()
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(before)  # threads that begin later take what was said last
