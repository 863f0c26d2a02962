"""Programs that one turn of a word or a switch would ask for, compiled onto the disk before anybody turns it.

That is done in a process of its own, ``python -m engine.neighbours``, which takes what nobody else does of the
processor: in a thread of the worker it would hold up each step of a small net. The worker then reads them in a second.
"""

import argparse
import itertools
import logging
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import final

import torch

from engine.compiling import program_for
from engine.experiment import Experiment, Panel
from engine.frame import Edit
from engine.groups import moving
from engine.knobs import check_edit
from engine.making import Made
from engine.trainer import Trainer
from losses import Loss
from spec import Refusal
from spec.knobs import Value

_LOG = logging.getLogger(__name__)

#: A word or a switch, turned: of a panel, or of all that have it (``None``).
Turn = tuple[int | None, str, Value]

#: Programs that are compiled ahead, the likelier ones first; each takes a core for some seconds, and a MiB of the disk.
_MOST = 32

#: What the process is nice by: all there is.
_NICE = 19


def turns(experiment: Experiment) -> Iterator[Turn]:
    """Yield what can be turned: in all panels at once first, as linked knobs are, then in one of several."""
    found = [dict(_others(panel.make())) for panel in experiment.panels]
    values: dict[str, dict[Value, None]] = {}
    for name, others in itertools.chain.from_iterable(own.items() for own in found):
        values.setdefault(name, {}).update(dict.fromkeys(others))
    for name, value in ((name, value) for name, others in values.items() for value in others):
        with suppress(Refusal):  # not a word of each loss that has the knob
            check_edit(experiment, None, name, value)
            yield None, name, value
    if len(found) > 1:
        for panel, own in enumerate(found):
            yield from ((panel, name, value) for name, others in own.items() for value in others)


def _others(loss: Loss) -> Iterator[tuple[str, tuple[Value, ...]]]:
    for knob in loss.knobs():
        words: tuple[Value, ...] = (True, False) if knob.kind == "switch" else knob.choices
        if words and knob.name not in moving(type(loss)):
            yield knob.name, tuple(word for word in words if word != getattr(loss, knob.name))


def compile_all(experiment: Experiment) -> None:
    """Compile the programs that a turn would ask for, one after another; what cannot be had is passed over."""
    for panel, name, value in itertools.islice(turns(experiment), _MOST):
        with suppress(Refusal):
            trainer = Trainer(experiment)
            trainer.apply(Edit(trainer.step, panel, name, value))
            program_for(trainer).ended.wait()


@final
class Ahead:
    """The process, for the run that was the first to have a program of which the neighbours were not asked for."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._run = ""
        self._asked: weakref.WeakSet[Made] = weakref.WeakSet()

    def look(self, run: str, trainer: Trainer) -> None:
        """Have the neighbours of a run's program compiled; those of another run are waited for, its own given up."""
        program = trainer.program
        if program is None or program in self._asked or trainer.device.type != "cpu":
            return
        if self._process is not None and self._process.poll() is None and run != self._run:
            return
        self.close()
        self._run = run
        self._asked.add(program)
        panels = tuple(Panel(loss=loss.slug, knobs=_knobs(loss)) for loss in trainer.losses)
        command = [sys.executable, "-m", "engine.neighbours", "--threads", str(torch.get_num_threads())]
        try:
            # in a session of its own, so that the compiler that it calls ends with it
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, encoding="utf-8", start_new_session=True)
        except OSError as error:  # no more processes or memory; a turn then waits for its program as without one
            _LOG.warning("Nothing is compiled ahead: %s", error)
            return
        assert self._process.stdin is not None
        with suppress(OSError):  # it has ended already
            print(Experiment.parse(dict(trainer.experiment) | {"panels": panels}).canonical, file=self._process.stdin)
            self._process.stdin.flush()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                if sys.platform == "win32":
                    self._process.kill()
                else:
                    os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            if self._process.stdin is not None:
                with suppress(OSError):
                    self._process.stdin.close()
        self._process = None


def _knobs(loss: Loss) -> dict[str, Value]:
    return {knob.name: getattr(loss, knob.name) for knob in loss.knobs()}


def _end_with(line: str) -> None:
    """End this process when its input does, even while a program is being compiled."""
    while line:
        line = sys.stdin.readline()
    os._exit(0)


def main() -> None:
    """Compile the neighbours of the experiment that comes in; end with the process that sent it."""
    parser = argparse.ArgumentParser(prog="python -m engine.neighbours", description="Compile neighbours.")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    if sys.platform != "win32":
        os.nice(_NICE)
    torch.set_num_threads(options.threads)  # it is of the program
    line = sys.stdin.readline()
    threading.Thread(target=_end_with, args=(line,), daemon=True).start()
    if line:
        compile_all(Experiment.parse(line))


if __name__ == "__main__":
    main()
