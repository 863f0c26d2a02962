"""Training in one loop. What a step does stands in ``engine.steps.exact``."""

from collections.abc import Iterable, Iterator

from engine.config.edits import Edit
from engine.config.experiment import Experiment
from engine.frames.frame import Frame
from engine.machine.threads import leave_one_core
from engine.training.trainer import Trainer


def train(experiment: Experiment, edits: Iterable[Edit] = (), *, device: str = "cpu") -> Iterator[Frame]:
    """Train an experiment and yield its frames: before the first step, every ``steps_per_frame``, and at the end.

    Each edit moves a knob before the step after its own. On the CPU the same experiment with the same edits yields the
    same bytes. Raises ``Refusal`` where an edit makes no sense, or the data set or the device is not available.
    """
    trainer, every = Trainer(experiment, device=device), experiment.steps_per_frame
    later = sorted(edits, key=lambda edit: edit.step)
    while True:
        while later and (later[0].step <= trainer.step or trainer.finished):
            trainer.apply(later.pop(0))
        if trainer.step % every == 0 or trainer.finished:
            with leave_one_core():
                frame = trainer.frame()
            yield frame
        if trainer.finished:
            return
        # a GPU takes several steps at once, but none beyond the next frame or edit
        most = every - trainer.step % every
        if later:
            most = min(most, max(1, later[0].step - trainer.step))
        with leave_one_core():
            trainer.advance(most)
