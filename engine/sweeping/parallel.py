"""Chunks of a sweep that are trained at once, each in a thread of its own.

Most of a step is not Python: PyTorch releases Python's lock while it computes, so two threads train on two cores. One
chunk on two cores gains little, as small nets wait for the second core at every operation (``engine.machine.threads``).
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
from engine.sweeping.chunks import MAX_CPU_PANELS, MAX_PANELS, Chunk

Result = TypeVar("Result")

#: Chunks at once at most: a part of each step is Python, which one thread runs at a time.
_MAX_CHUNKS = 8


@final
@dataclass(frozen=True)
class ParallelPlan:
    """How many panels a chunk has at most, and how many chunks are trained at once."""

    panels: int
    chunks_at_once: int

    @classmethod
    def of(cls, trials: int, capacity: int, device: torch.device) -> Self:
        """Share so many trials among the cores of a device, whose memory holds ``capacity`` panels.

        A processor trains as many chunks at once as PyTorch may use cores, of a size with which all cores end at about
        the same time; a GPU trains one.
        """
        on_cpu = device.type == "cpu"
        at_once = max(1, min(torch.get_num_threads(), cores(), _MAX_CHUNKS, capacity, trials)) if on_cpu else 1
        panels = max(1, min(MAX_CPU_PANELS if on_cpu else MAX_PANELS, capacity // at_once))
        if at_once > 1:
            rounds = math.ceil(trials / (panels * at_once))
            panels = math.ceil(trials / (rounds * at_once))
        return cls(panels, at_once)


@contextmanager
def train_in_parallel(
    chunks: Sequence[Chunk], train: Callable[[Chunk, Event], Result], at_once: int
) -> Iterator[Iterator[tuple[Chunk, Result]]]:
    """Train ``at_once`` chunks at a time; yield an iterator over chunks and their results, in the order they end.

    Each chunk computes on its share of the threads that PyTorch may use; one chunk alone leaves a core to others. Where
    a chunk fails, or the block ends early, the event tells the other chunks to stop.
    """
    before, stop = torch.get_num_threads(), Event()
    threads = min(before, spare() if at_once == 1 else cores() // at_once)
    pool = ThreadPoolExecutor(at_once, "chunk", initializer=torch.set_num_threads, initargs=(threads,))
    try:
        futures = {pool.submit(train, chunk, stop): chunk for chunk in chunks}
        # a result is dropped once it is used: a frame has all points
        yield ((futures.pop(future), future.result()) for future in as_completed(list(futures)))
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(before)  # new threads take the setting that was made last
