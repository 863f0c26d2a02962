"""Programs made ready in the background while training already goes on."""

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import final

import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from engine.program import Program, Shape
from engine.shelf import data_folder

_LOG = logging.getLogger(__name__)

#: A step as a function of tensors that it moves in place.
Function = Callable[..., None]


@final
@dataclass(frozen=True)
class Job:
    """What a program is made for: its shape, the sizes of its tensors, where it runs, and on how many threads."""

    shape: Shape
    sizes: tuple[tuple[torch.Size, torch.dtype], ...]
    device: str
    threads: int


@final
class Compiled:
    """The compiled program of a shape: ``None`` at first, and for ever where there is no compiler."""

    def __init__(self) -> None:
        self.step: Function | None = None
        self.ended = threading.Event()  # it is there, or never will be


#: Programs that are kept; each holds some MiB of code.
_KEPT = 16

_made: dict[Job, Compiled] = {}
_waiting: "SimpleQueue[tuple[Job, Compiled, list[Tensor]]]" = SimpleQueue()
_lock = threading.Lock()
_threads: list[threading.Thread] = []


def compiled(job: Job, example: list[Tensor]) -> Compiled:
    """Return the compiled program of a job, and see to it that it is made.

    ``example`` are tensors like those that it gets.
    """
    with _lock:
        found = _made.pop(job, None)
        if found is None:
            found = Compiled()
            _waiting.put((job, found, _copies(example)))
            if not _threads:
                _threads.append(threading.Thread(target=_make_all, name="compiler", daemon=True))
                _threads[0].start()
        _made[job] = found  # the one that was asked for last stands last
        for old in list(_made)[:-_KEPT]:
            del _made[old]
        return found


def _make_all() -> None:
    while True:
        job, made, example = _waiting.get()
        try:
            _make(job, made, example)
        except Exception:  # no compiler, or one that cannot; training goes on as it is
            _LOG.warning("A step could not be compiled.", exc_info=True)
        made.ended.set()


def _make(job: Job, made: Compiled, example: list[Tensor]) -> None:
    from torch._inductor import standalone_compile  # noqa: PLC0415  (a second, which only this thread should wait for)

    # the disk keeps what was compiled: the second time takes less than a second
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(data_folder() / "loss-geometry" / "compiled"))
    torch.set_num_threads(job.threads)  # the setting belongs to the thread, and to what is compiled
    graph = make_fx(Program(job.shape, torch.device(job.device)))(*_copies(example))
    for node in graph.graph.nodes:
        node.meta.pop("val", None)  # what tracing made of the tensors; the compiler makes its own
    # Called as it is, without the guards of torch.compile, which take a tenth of a small net's step, and on a CPU
    # with the calls of kernels in C++ as well, which in Python take as long again
    options = {"config_patches": {"cpp_wrapper": torch.device(job.device).type == "cpu"}}
    step = standalone_compile(graph, [*_copies(example)], dynamic_shapes="from_example_inputs", options=options)
    step(*_copies(example))
    made.step = step


def _copies(example: list[Tensor]) -> list[Tensor]:
    return [tensor.clone() for tensor in example]
