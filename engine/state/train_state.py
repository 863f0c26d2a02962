"""The state of a run: everything that steps move, frames show and checkpoints hold, as plain data."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self, final

import torch
from torch import Tensor

from engine.config.edits import Edit
from engine.config.experiment import Experiment
from engine.config.seeds import generator
from engine.nets import Layout, Net
from engine.state import schedule
from engine.state.batches import Batches
from engine.state.data import Data
from engine.state.weights import Plan, Weights
from losses import Loss
from spec import Message


@final
@dataclass(eq=False)
class TrainState:
    """A run of ``K`` panels after ``step`` steps.

    ``weights`` hold the nets, what the losses learn by gradient, and Adam's means; ``rule_state`` what each loss learns
    by a rule of its own. ``last_losses`` and ``norms`` ``(K,)`` are the losses and the lengths of the gradients in the
    last step. ``base_rates`` are the panels' learning rates before the schedule, ``edit_steps`` the step of the last
    edit of each. ``stopped`` says why a panel takes no more steps.
    """

    experiment: Experiment
    device: torch.device
    data: Data
    net: Net
    batches: Batches
    losses: list[Loss]
    weights: Weights
    rule_state: list[dict[str, Tensor]]
    base_rates: list[float]
    edit_steps: list[int | None]
    last_losses: Tensor
    norms: Tensor
    step: int = 0
    stopped: dict[int, Message] = field(default_factory=dict)
    edits: list[Edit] = field(default_factory=list)

    @classmethod
    def start(cls, experiment: Experiment, device: torch.device) -> Self:
        """Return the state before the first step; raise ``Refusal`` where the data set or the net cannot be used."""
        data, net = Data(experiment, device), experiment.make_net()
        losses = [panel.make() for panel in experiment.panels]
        count, layout = len(losses), net.layout(data.sample, experiment.dim)
        starts = [start_of(loss, experiment, data) for loss in losses]
        plan = Plan(layout, tuple(map(gradient_layout, losses, starts)))
        state = cls(
            experiment=experiment,
            device=device,
            data=data,
            net=net,
            batches=Batches(len(data.train_y), experiment.batch, experiment.seed, device),
            losses=losses,
            weights=Weights(plan, device),
            rule_state=[rule_part(loss, start) for loss, start in zip(losses, starts, strict=True)],
            base_rates=[panel.learning_rate or experiment.learning_rate for panel in experiment.panels],
            edit_steps=[None] * count,
            last_losses=torch.zeros(count, device=device),
            norms=torch.zeros(count, device=device),
        )
        weights = net.init(data.sample, experiment.dim, generator(experiment.seed, "net"))
        for name, view in state.nets.items():
            view.copy_(weights[name])
        for panel, start in enumerate(starts):
            state.fill(panel, start)
        return state

    @property
    def nets(self) -> dict[str, Tensor]:
        """The weights of the nets by name, views ``(K, *shape)``."""
        return self.weights.plan.nets(self.weights.values)

    def panel_state(self, panel: int) -> dict[str, Tensor]:
        """Return what a panel learns beside its net, in the order of its loss."""
        return {**self.weights.plan.state(self.weights.values, panel), **self.rule_state[panel]}

    def fill(self, panel: int, start: Mapping[str, Tensor]) -> None:
        """Set what a panel's loss learns by gradient."""
        for name, view in self.weights.plan.state(self.weights.values, panel).items():
            view.copy_(start[name])

    @property
    def horizon(self) -> int:
        """The step at which the schedule ends; an edit may move it on."""
        steps = self.experiment.steps
        last = max((step for step in self.edit_steps if step is not None), default=None)
        return steps if last is None else max(steps, last + schedule.settle(steps))

    @property
    def finished(self) -> bool:
        """Whether the schedule has ended or every panel has stopped."""
        return self.step >= self.horizon or len(self.stopped) == len(self.losses)

    def rates_at(self, step: int) -> list[float]:
        """Return each panel's learning rate in a step, if no knob moves before."""
        steps = self.experiment.steps
        factors = {edited: schedule.factor(step, steps, edited) for edited in set(self.edit_steps)}
        return [rate * factors[edited] for rate, edited in zip(self.base_rates, self.edit_steps, strict=True)]

    def net_digest(self) -> str:
        """Return the SHA-256 of the nets' weights, which are the same in every panel before the first step."""
        rows = torch.cat([view.flatten(1) for view in self.nets.values()], dim=1).cpu()
        assert torch.equal(rows, rows[:1].expand_as(rows)), "the panels do not start from the same weights"
        return hashlib.sha256(rows[0].numpy().tobytes()).hexdigest()


def start_of(loss: Loss, experiment: Experiment, data: Data) -> dict[str, Tensor]:
    """Return what a loss learns as it is before the first step, on the device of the data."""
    start = loss.init(len(data.classes), experiment.dim, generator(experiment.seed, "loss"))
    return {name: tensor.to(data.train_x.device) for name, tensor in start.items()}


def gradient_layout(loss: Loss, state: Mapping[str, Tensor]) -> Layout:
    """Return the shapes of what a loss learns by gradient."""
    return {name: tuple(tensor.shape) for name, tensor in state.items() if name not in loss.non_gradient_state}


def rule_part(loss: Loss, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what a loss learns by its own rule."""
    return {name: tensor.detach() for name, tensor in state.items() if name in loss.non_gradient_state}
