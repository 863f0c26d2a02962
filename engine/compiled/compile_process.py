"""A process that compiles a whole step, so that a process that ends never waits for the compiler.

It leaves its result in PyTorch's cache of programs (``engine.compiled.cache_folder``), where the process that trains
finds it. Read from standard input is the job; how it ends says whether it was compiled.
"""

import os
import pickle
import subprocess
import sys
from tempfile import TemporaryFile
from threading import Event
from typing import TYPE_CHECKING

import torch

from engine.compiled.private_torch import compile_graph

if TYPE_CHECKING:
    from engine.compiled.inductor import Compilation

#: Seconds between two looks whether the process that trains ends.
_EVERY = 0.1


def compile_apart(job: "Compilation", ending: Event) -> bool:
    """Compile a job in a process of its own; return whether it was, ``False`` also where ``ending`` was set meanwhile.

    Raises ``RuntimeError`` with the last line that the process wrote where it failed.
    """
    command = [sys.executable, "-m", "engine.compiled.compile_process"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with TemporaryFile() as order, TemporaryFile() as errors:
        order.write(pickle.dumps(job))
        order.seek(0)
        process = subprocess.Popen(
            command,
            stdin=order,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the process that trains
        )
        try:
            while process.poll() is None:
                if ending.wait(_EVERY):
                    return False
        finally:
            _kill(process)
        if process.returncode:
            errors.seek(0)
            lines = errors.read().decode(errors="replace").strip().splitlines()
            raise RuntimeError(lines[-1] if lines else f"the compiler ended with {process.returncode}")
    return True


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End a process if it still runs.

    A C++ compiler that it has started ends by itself, some seconds later: ended at once it would leave half a library,
    which the next process would load.
    """
    if process.poll() is None:
        process.kill()
        process.wait()


def main() -> None:
    """Compile the job on standard input."""
    job: Compilation = pickle.load(sys.stdin.buffer)  # from the process that started this one
    torch.set_num_threads(job.threads)
    example = [torch.zeros(shape, dtype=dtype) for shape, dtype in job.sizes]
    compile_graph(job.trace(example), example)


if __name__ == "__main__":
    main()
