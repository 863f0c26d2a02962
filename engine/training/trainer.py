"""The trainer: a state and a step, and the edits in between."""

from collections.abc import Callable, Sequence
from typing import Self, final

import torch
from torch import Tensor

from engine.config.edits import Edit
from engine.config.experiment import Experiment
from engine.frames import build
from engine.frames.frame import Frame
from engine.frames.inputs import FrameInputs
from engine.machine.device import device_of
from engine.state import checkpoint
from engine.state.knob_changes import apply_edit
from engine.state.train_state import TrainState
from engine.steps.base import Step
from engine.training.step_choice import choose_step
from spec import Refusal


@final
class Trainer:
    """All panels of an experiment, stepped together, edited while they learn.

    A panel's bytes depend on the experiment's common settings, its own loss and the edits that concern it, and not
    on what is trained beside it. In the mode ``fast``, ``worth`` is asked whether to compile a step for what is left.
    ``stepper`` takes the steps, ``train_state`` is what they change; the other attributes are parts of it. ``twins``
    are hashes of the start and the batches. Raises ``Refusal`` where the data set, the net or the device is not
    available.
    """

    def __init__(
        self,
        experiment: Experiment,
        *,
        device: str = "cpu",
        worth: Callable[[], bool] = lambda: True,
        stepper: Step | None = None,
    ) -> None:
        self.train_state = state = TrainState.start(experiment, device_of(device))
        self.experiment, self.device, self.data = experiment, state.device, state.data
        self.points, self.classes, self.image = state.data.points, state.data.classes, state.data.image
        self.losses, self.weights, self.edits, self.stopped = state.losses, state.weights, state.edits, state.stopped
        self.twins = {"initial": state.net_digest(), "batches": state.batches.digest()}
        self.stepper = stepper or choose_step(experiment.mode, state.device, worth)
        self.stepper.look(state)

    @classmethod
    def restore(cls, experiment: Experiment, edits: Sequence[Edit], saved: bytes, *, device: str = "cpu") -> Self:
        """Return a trainer that goes on from a checkpoint as if nothing had happened, to the bit.

        ``edits`` are those of the run in their order; the ones that came after the checkpoint are not applied.
        Raises ``Refusal`` where the checkpoint is damaged or belongs to another experiment.
        """
        trainer = cls(experiment, device=device)
        checkpoint.load(trainer.train_state, edits, saved)
        trainer.stepper.refresh(trainer.train_state)
        return trainer

    def advance(self, most: int = 1) -> None:
        """Take one to ``most`` steps with all panels; a panel whose numbers are not finite stops where it was."""
        if self.finished:
            raise Refusal("data.edit_finished", step=self.step)
        self.stepper.take(self.train_state, min(most, self.train_state.horizon - self.step))

    def apply(self, edit: Edit) -> None:
        """Move a knob before the next step; raise ``Refusal``, and change nothing, where the edit makes no sense."""
        self.stepper.sync(self.train_state)  # a panel that stopped must stay so
        apply_edit(self.train_state, edit)
        self.stepper.refresh(self.train_state)

    def frame(self, looks: int | None = None) -> Frame:
        """Return all panels as they are now, everything under the present weights.

        With ``looks``, only that many samples are embedded, the fixed core (``engine.state.data.CORE``) always among
        them; the others are NaN. Accuracies and metrics are those of the core.
        """
        return build.take(self.frame_inputs(looks))

    def frame_inputs(self, looks: int | None = None, *, full: bool = False) -> FrameInputs:
        """Return what such a frame is built from, which the next steps do not change; ``full``: with all metrics."""
        self.stepper.sync(self.train_state)
        return FrameInputs.of(self.train_state, looks, full=full)

    def checkpoint(self) -> bytes:
        """Return everything that the next steps depend on, beside the experiment and its edits (safetensors)."""
        self.stepper.sync(self.train_state)
        return checkpoint.save(self.train_state)

    @torch.no_grad()
    def forward(self, x: Tensor) -> list[Tensor]:
        """Return each panel's embeddings ``(B, D)`` of scaled samples under the present weights."""
        return self.train_state.net.forward(self.train_state.nets, x)

    def state(self, panel: int) -> dict[str, Tensor]:
        """Return what a panel learns beside its net, in the order of its loss."""
        return self.train_state.panel_state(panel)

    @property
    def stage(self) -> str:
        """How steps are computed at present: ``exact``, ``compiled`` or ``captured``."""
        return self.stepper.stage

    @property
    def step(self) -> int:
        """The number of steps so far."""
        return self.train_state.step

    @property
    def finished(self) -> bool:
        """Whether the schedule has ended or every panel has stopped."""
        return self.train_state.finished
