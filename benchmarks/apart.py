"""A function in a fresh process, with its own threads and nothing left over from earlier measurements."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import torch

from engine.machine.malloc import keep_freed
from engine.machine.threads import take_turns


def apart(threads: int, function: Callable[..., Any], *given: Any) -> Any:
    """Call a function in a fresh process with this number of threads, and return its result.

    The process keeps freed memory and switches between threads as the worker does.
    """
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=_begin, initargs=(threads,)) as pool:
        return pool.submit(function, *given).result()


def _begin(threads: int) -> None:
    torch.set_num_threads(threads)
    keep_freed()
    take_turns()
