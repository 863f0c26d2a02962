"""What is made ready in the background while training already goes on."""

import atexit
import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import final

import torch
from torch import Tensor

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


#: Functions that are kept; each holds up to some MiB of code.
_KEPT = 32

#: Seconds that a process waits at its end for what is being made: PyTorch aborts where a thread is torn out of it. A
#: program takes longer to compile, but is hardly ever inside of PyTorch.
_LAST = 2.0

#: Held while something is made: PyTorch traces in one thread at a time.
TRACING = threading.Lock()

#: Held while PyTorch's compiler is loaded: a process that ends meanwhile aborts, and so waits for it.
LOADING = threading.Lock()

#: Seconds that it waits for that; it takes two or three, and longer on a busy machine.
_LOADED = 30.0

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
        except Exception:  # no compiler, or one that cannot; training goes on as it is
            _LOG.warning("A step could not be made ready: %s", type(job).__name__, exc_info=True)
        own.ended.set()


def _end() -> None:
    _ending.set()
    _waiting.put(None)
    if LOADING.acquire(timeout=_LOADED):
        LOADING.release()
    _threads[0].join(_LAST)
