"""Functions that are made in a background thread while training already goes on.

At the end of the process the thread is asked to end. It looks between its stages and while it traces, so that the
process waits for one stage at most. The C++ compiler runs in a process of its own
(``engine.compiled.compile_process``).
"""

import atexit
import logging
import threading
from abc import ABC, abstractmethod
from concurrent.futures import Future
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, final

import torch
from torch import Tensor

from engine.compiled import cache_folder
from engine.steps.base import TRACING, Function, PendingFunction
from engine.steps.parity import Sizes
from engine.steps.simd_padding import OperationMode

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Job(ABC):
    """What a function is made for: the sizes of its tensors, where it runs, and on how many threads."""

    sizes: Sizes
    device: str
    threads: int

    @abstractmethod
    def make(self, example: list[Tensor]) -> Function | None:
        """Return the function, or ``None`` where it would not do what it should; ``example`` may be changed."""


class EndingError(Exception):
    """The process ends, and what is being made is not needed any more."""


#: Characters of an error that are logged.
_LOGGED = 200

#: Functions that stay in memory; each holds up to some MiB of code.
_MOST_FUNCTIONS = 32

#: Seconds that a process waits at its end for the stage of the thread: PyTorch aborts where a thread ends within it.
_LONGEST_WAIT = 30.0

_functions: dict[Job, PendingFunction] = {}
_queue: "SimpleQueue[tuple[Job, PendingFunction, list[Tensor]] | None]" = SimpleQueue()
_lock = threading.Lock()
_threads: list[threading.Thread] = []

#: Set at the end of the process.
ENDING = threading.Event()


def request(job: Job, example: list[Tensor]) -> PendingFunction:
    """Return the function of a job, and begin to make it if nobody has; ``example`` are arguments like its own."""
    with _lock:
        function = _functions.pop(job, None)
        if function is None:
            function = Future()
            _queue.put((job, function, [tensor.clone() for tensor in example]))
            if not _threads:
                cache_folder.choose()
                _threads.append(threading.Thread(target=_make_all, name="compiler", daemon=True))
                _threads[0].start()
                atexit.register(_end)
        _functions[job] = function  # the last one requested stands last
        for old in list(_functions)[:-_MOST_FUNCTIONS]:
            del _functions[old]
        return function


def existing(job: Job) -> PendingFunction | None:
    """Return the function of a job if it is there already, or known never to be."""
    with _lock:
        function = _functions.get(job)
        return function if function is not None and function.done() else None


def clear() -> None:
    """Forget all functions, so that they are made again when they are requested."""
    with _lock:
        _functions.clear()


def check_ending() -> None:
    """Raise ``EndingError`` where the process ends."""
    if ENDING.is_set():
        raise EndingError


@final
class CheckEnding(OperationMode):  # type: ignore[no-untyped-call]
    """Looks before each operation whether the process ends: tracing takes many seconds on a busy machine."""

    def compute(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Compute an operation unless the process ends."""
        check_ending()
        return func(*args, **kwargs)


def _make_all() -> None:
    while (task := _queue.get()) is not None and not ENDING.is_set():
        job, pending, example = task
        function = None
        try:
            torch.set_num_threads(job.threads)  # the setting belongs to the thread, and to what is compiled
            with TRACING:
                function = job.make(example)
        except EndingError:
            pending.set_result(None)
            return
        except Exception as error:  # no compiler, or one that cannot compile this; training goes on exactly
            line = " ".join(f"{type(error).__name__}: {error}".split())
            _LOG.warning("A step could not be compiled (%s): %s", type(job).__name__, line[:_LOGGED])
            _LOG.info("It was in this place.", exc_info=True)
        pending.set_result(function)


def _end() -> None:
    """Ask the thread to end, and wait until its stage has."""
    ENDING.set()
    _queue.put(None)
    _threads[0].join(_LONGEST_WAIT)
