"""A function in a process of its own: what ran before is not in its way, and its threads are its own."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import torch


def apart(threads: int, function: Callable[..., Any], *given: Any) -> Any:
    """Call a function in a fresh process, which computes on so many threads, and return what it returns."""
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=torch.set_num_threads, initargs=(threads,)) as pool:
        return pool.submit(function, *given).result()
