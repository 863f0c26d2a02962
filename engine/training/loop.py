"""Training in one loop."""

from collections.abc import Iterable, Iterator

from engine.config.edits import Edit
from engine.config.experiment import Experiment
from engine.frames.frame import Frame
from engine.machine.threads import spared
from engine.training.trainer import Trainer


def train(experiment: Experiment, edits: Iterable[Edit] = (), *, device: str = "cpu") -> Iterator[Frame]:
    """Train an experiment and yield what is seen: before the first step, every ``steps_per_frame``, and at the end.

    ``edits`` are knobs moved on the way, each before the step after its own; on the CPU the same experiment with
    the same edits yields the same bytes. Raises ``Refusal`` where an edit or the data set is not to be had.
    """
    trainer, every = Trainer(experiment, device=device), experiment.steps_per_frame
    waiting = sorted(edits, key=lambda edit: edit.step)
    while True:
        while waiting and (waiting[0].step <= trainer.step or trainer.finished):
            trainer.apply(waiting.pop(0))
        if trainer.step % every == 0 or trainer.finished:
            with spared():
                frame = trainer.frame()
            yield frame
        if trainer.finished:
            return
        # a GPU takes several steps at once; the next edit comes between two
        left = every - trainer.step % every
        most = min(left, max(1, waiting[0].step - trainer.step)) if waiting else left
        with spared():
            trainer.advance(most)
