"""What is made ready in the background while training already goes on."""

import atexit
import ctypes
import logging
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import final

import torch
from torch import Tensor

from engine.compiled import cache_folder

_LOG = logging.getLogger(__name__)

#: Part of a step as a function of tensors.
Function = Callable[..., tuple[Tensor, ...] | None]


@dataclass(frozen=True, kw_only=True)
class Job(ABC):
    """What a function is made for: the sizes of its tensors, where it runs, and on how many threads."""

    sizes: tuple[tuple[torch.Size, torch.dtype], ...]
    device: str
    threads: int

    @abstractmethod
    def make(self, example: list[Tensor]) -> Function | None:
        """Return the function, or ``None`` where it would not do what it should; ``example`` may be changed."""


@final
class Made:
    """The function that a job asks for: ``None`` at first, and for ever where it cannot be made."""

    def __init__(self) -> None:
        self.function: Function | None = None
        self.ended = threading.Event()  # it is there, or never will be


#: Letters that are told of what went wrong.
_SAID = 200

#: Functions that are kept; each holds up to some MiB of code.
_KEPT = 32

#: Seconds that a process waits at its end for what is being made, which is broken off: PyTorch aborts where a thread is
#: torn out of it. To load its compiler takes two or three of them, and longer on a busy machine.
_LAST = 30.0

#: Seconds after which what did not break off is told again.
_AGAIN = 0.25

#: Held while something is made: PyTorch traces in one thread at a time.
TRACING = threading.Lock()

_made: dict[Job, Made] = {}
_waiting: "SimpleQueue[tuple[Job, Made, list[Tensor]] | None]" = SimpleQueue()
_lock = threading.Lock()
_threads: list[threading.Thread] = []
_ending = threading.Event()


def made(job: Job, example: list[Tensor]) -> Made:
    """Return what a job asks for, and see to it that it is made; ``example`` are tensors like those that it gets."""
    with _lock:
        found = _made.pop(job, None)
        if found is None:
            found = Made()
            _waiting.put((job, found, copies(example)))
            if not _threads:
                cache_folder.choose()
                _threads.append(threading.Thread(target=_make_all, name="maker", daemon=True))
                _threads[0].start()
                atexit.register(_end)
        _made[job] = found  # the one that was asked for last stands last
        for old in list(_made)[:-_KEPT]:
            del _made[old]
        return found


def is_made(job: Job) -> bool:
    """Tell whether what a job asks for is there already, or known never to be."""
    with _lock:
        return job in _made and _made[job].ended.is_set()


def copies(example: list[Tensor]) -> list[Tensor]:
    """Return tensors that may be changed in the place of those of somebody else."""
    return [tensor.clone() for tensor in example]


def sizes(example: list[Tensor]) -> tuple[tuple[torch.Size, torch.dtype], ...]:
    """Return what a job has to know of the tensors."""
    return tuple((tensor.shape, tensor.dtype) for tensor in example)


def _make_all() -> None:
    while (task := _waiting.get()) is not None and not _ending.is_set():
        job, own, example = task
        try:
            torch.set_num_threads(job.threads)  # the setting belongs to the thread, and to what is compiled
            with TRACING:
                own.function = job.make(example)
        except Exception as error:  # no compiler, or one that cannot; training goes on as it is
            said = " ".join(f"{type(error).__name__}: {error}".split())
            _LOG.warning("A step could not be made ready (%s): %s", type(job).__name__, said[:_SAID])
            _LOG.info("It was in this place.", exc_info=True)
        own.ended.set()


def _end() -> None:
    """Break off what is being made, and wait for the thread unless it waits for another program, the C++ compiler."""
    _ending.set()
    _waiting.put(None)
    maker, deadline = _threads[0], time.monotonic() + _LAST
    while maker.is_alive() and time.monotonic() < deadline:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(maker.ident or 0), ctypes.py_object(SystemExit))
        maker.join(_AGAIN)
        if _waits(maker):
            break


def _waits(thread: threading.Thread) -> bool:
    """Tell whether a thread waits for another program."""
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None and frame.f_code.co_filename != subprocess.__file__:
        frame = frame.f_back
    return frame is not None
