"""The trainer: all panels of an experiment, stepped together, edited while they learn."""

import hashlib
from collections.abc import Callable, Sequence
from typing import final

import torch
from torch import Tensor

from engine.compiled.background import Made
from engine.compiled.step import Fast
from engine.config.edits import LEARNING_RATE, Edit
from engine.config.experiment import Experiment
from engine.config.seeds import generator
from engine.frames import build
from engine.frames.frame import Frame
from engine.frames.inputs import FrameInputs
from engine.machine.device import device_of
from engine.machine.precision import careful
from engine.nets import Layout
from engine.state import checkpoint, schedule
from engine.state.batches import Batches
from engine.state.data import Data
from engine.state.points import Points
from engine.state.weights import Plan, Weights, norms
from engine.steps.base import Step
from engine.steps.cuda_graph import Captured
from engine.steps.exact import Exact, part
from losses import Loss
from spec import Message, Refusal


@final
class Trainer:
    """The one stateful object: weights, optimiser, and the knobs as they are now.

    A panel's bytes depend on the experiment's common settings, its own loss and the edits that concern it, and not
    on what is trained beside it. In the fast mode, ``worth`` is asked whether to compile a program for what is left.
    Raises ``Refusal`` where the data set, the net or the device is not to be had.
    """

    def __init__(
        self, experiment: Experiment, *, device: str = "cpu", worth: Callable[[], bool] = lambda: True
    ) -> None:
        self.experiment = experiment
        self.step = 0  # steps done
        self.stopped: dict[int, Message] = {}
        self.device = device_of(device)
        self.data = Data(experiment, self.device)
        self.losses: list[Loss] = [panel.make() for panel in experiment.panels]
        self.edits: list[Edit] = []

        count = len(self.losses)
        self.net = experiment.make_net()
        self._layout = self.net.layout(self.data.sample, experiment.dim)
        self.batches = Batches(len(self.data.train_y), experiment.batch, experiment.seed, self.device)
        self._rates = [panel.learning_rate or experiment.learning_rate for panel in experiment.panels]
        self._edited: list[int | None] = [None] * count

        starts = [self._start(loss) for loss in self.losses]
        self.rule_state = [
            part(start, loss.non_gradient_state) for start, loss in zip(starts, self.losses, strict=True)
        ]
        self.weights = Weights(Plan(self._layout, tuple(map(_learned, starts, self.losses))), self.device)
        net = self.net.init(self.data.sample, experiment.dim, generator(experiment.seed, "net"))
        for name, view in self.weights.plan.nets(self.weights.values).items():
            view.copy_(net[name])
        for panel, start in enumerate(starts):
            for name, view in self.weights.plan.state(self.weights.values, panel).items():
                view.copy_(start[name])
        self.twins = {"initial": self._initial(), "batches": self.batches.digest()}
        exact = Exact()
        # of the first batch, so that the first frame has them too; nothing moves
        with careful(self.device):
            asked = exact.asked(self, self.batches.at(0))
        self.last_losses = torch.stack([panel.loss for panel in asked])
        self.norms = norms([panel.gradients for panel in asked])
        self._way: Step = exact
        if experiment.mode == "fast":
            self._way = Captured(exact) if self.device.type == "cuda" else Fast(exact, worth)

    @classmethod
    def restore(cls, experiment: Experiment, edits: Sequence[Edit], saved: bytes, *, device: str = "cpu") -> "Trainer":
        """Go on from a checkpoint as if nothing had happened, to the bit.

        ``edits`` are those of the run in their order; the ones that came after the checkpoint are not applied.
        Raises ``Refusal`` where the checkpoint is damaged or belongs to another experiment.
        """
        trainer = cls(experiment, device=device)
        checkpoint.load(trainer, edits, saved)
        trainer._way.changed(trainer)
        return trainer

    @property
    def stage(self) -> str:
        """How steps are computed at present: ``exact``, ``compiled`` or ``captured``."""
        return self._way.stage

    @property
    def precision(self) -> str:
        """The numbers in which the net is computed at present: ``float32`` or ``bfloat16``."""
        return self._way.precision

    @property
    def program(self) -> Made | None:
        """The compiled program that computes steps at present, if any; other words and switches have another one."""
        return self._way.program

    @property
    def points(self) -> Points:
        """The shown samples."""
        return self.data.points

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self.data.classes

    @property
    def image(self) -> tuple[int, int] | None:
        """Height and width of the pictures, or ``None``."""
        return self.data.image

    @property
    def horizon(self) -> int:
        """The step at which the schedule ends; an edit may move it on."""
        steps = self.experiment.steps
        last = max((step for step in self._edited if step is not None), default=None)
        return steps if last is None else max(steps, last + schedule.settle(steps))

    @property
    def finished(self) -> bool:
        """Whether the schedule has ended or no panel is left."""
        return self.step >= self.horizon or len(self.stopped) == len(self.losses)

    @property
    def rates(self) -> list[float]:
        """Each panel's learning rate in the next step."""
        return self.rates_at(self.step)

    def rates_at(self, step: int) -> list[float]:
        """Return each panel's learning rate in a step, if no knob is moved before."""
        steps = self.experiment.steps
        factors = {edited: schedule.factor(step, steps, edited) for edited in set(self._edited)}
        return [rate * factors[edited] for rate, edited in zip(self._rates, self._edited, strict=True)]

    def advance(self, most: int = 1) -> None:
        """Take one to ``most`` steps with all panels; a panel whose numbers are not finite stops where it was."""
        if self.finished:
            raise Refusal("data.edit_finished", step=self.step)
        self._way.take(self, min(most, self.horizon - self.step))

    def apply(self, edit: Edit) -> None:
        """Move a knob before the next step; raise ``Refusal``, and change nothing, where the edit makes no sense."""
        if edit.step != self.step:
            raise Refusal("data.edit_step", found=edit.step, step=self.step)
        panels = self._meant(edit)
        self._way.settle(self)  # what the device alone knows, a panel that stopped, must not be forgotten
        if edit.knob == LEARNING_RATE.name:
            rate = LEARNING_RATE.check(edit.value)
            assert isinstance(rate, float)
            for panel in panels:
                self._rates[panel] = rate
        else:
            changed = {panel: self.losses[panel].replace(**{edit.knob: edit.value}) for panel in panels}
            self._exchange(changed)
        for panel in panels:
            self._edited[panel] = self.step
        self.edits.append(edit)
        self._way.changed(self)

    def frame(self, looks: int | None = None) -> Frame:
        """See all panels as they are now, everything under the present weights.

        With ``looks``, only that many samples are embedded, the fixed core (``engine.state.data.CORE``) always among
        them; the others are NaN. Accuracies and metrics are those of the core.
        """
        return build.take(self.frame_inputs(looks))

    def frame_inputs(self, looks: int | None = None, *, full: bool = False) -> FrameInputs:
        """Return what such a frame is made of, which the next steps do not move; ``full``: with all metrics."""
        self._way.settle(self)
        return FrameInputs.of(self, looks, full=full)

    @property
    def checkpoint_size(self) -> int:
        """About how many bytes a checkpoint has: the weights, and Adam's two means of each."""
        return 3 * self.weights.values.nbytes

    def checkpoint(self) -> bytes:
        """Return everything that the next steps depend on, beside the experiment and its edits (safetensors)."""
        self._way.settle(self)
        return checkpoint.save(self)

    @torch.no_grad()
    def forward(self, x: Tensor) -> list[Tensor]:
        """Return each panel's embeddings ``(B, D)`` of scaled samples under the present weights."""
        return self.net.forward(self.weights.plan.nets(self.weights.values), x)

    def state(self, panel: int) -> dict[str, Tensor]:
        """Return what a panel learns beside its net, in the order of its loss."""
        return {**self.weights.plan.state(self.weights.values, panel), **self.rule_state[panel]}

    def _meant(self, edit: Edit) -> list[int]:
        """Return the panels that an edit is for."""
        count = len(self.losses)
        panels = list(range(count)) if edit.panel is None else [edit.panel]
        if any(isinstance(panel, bool) or not isinstance(panel, int) or not 0 <= panel < count for panel in panels):
            raise Refusal("data.edit_panel", value=str(edit.panel)[:40], last=count - 1)
        if edit.knob == LEARNING_RATE.name:
            return panels
        names = {panel: [knob.name for knob in self.losses[panel].knobs()] for panel in panels}
        having = [panel for panel in panels if edit.knob in names[panel]]
        if not having:
            known = dict.fromkeys([LEARNING_RATE.name, *(name for own in names.values() for name in own)])
            raise Refusal("data.edit_knob", name=repr(edit.knob)[:40], allowed=", ".join(known))
        return having

    def _exchange(self, changed: dict[int, Loss]) -> None:
        """Take other losses; what they learn keeps its values by name and shape, and what is new starts afresh."""
        states = list(self.weights.plan.states)
        fresh = {}
        for panel, loss in changed.items():
            start = self._start(loss)
            kept = self.state(panel)
            fresh[panel] = {
                name: kept[name].clone() if name in kept and kept[name].shape == tensor.shape else tensor
                for name, tensor in start.items()
            }
            self.losses[panel] = loss
            self.rule_state[panel] = part(fresh[panel], loss.non_gradient_state)
            states[panel] = _learned(fresh[panel], loss)
        if tuple(states) == self.weights.plan.states:
            return
        self.weights.adopt(Plan(self._layout, tuple(states)))
        for panel, start in fresh.items():
            for name, view in self.weights.plan.state(self.weights.values, panel).items():
                view.copy_(start[name])

    def _start(self, loss: Loss) -> dict[str, Tensor]:
        seed = self.experiment.seed
        start = loss.init(len(self.data.classes), self.experiment.dim, generator(seed, "loss"))
        return {name: tensor.to(self.device) for name, tensor in start.items()}

    def _initial(self) -> str:
        """Return the SHA-256 of the nets' weights, which are the same in every panel."""
        rows = [view.flatten(1).cpu() for view in self.weights.plan.nets(self.weights.values).values()]
        digests = {
            hashlib.sha256(b"".join(row[panel].numpy().tobytes() for row in rows)).hexdigest()
            for panel in range(len(self.losses))
        }
        assert len(digests) == 1, "the panels do not start from the same weights"
        return digests.pop()


def _learned(state: dict[str, Tensor], loss: Loss) -> Layout:
    return {name: tuple(tensor.shape) for name, tensor in state.items() if name not in loss.non_gradient_state}
