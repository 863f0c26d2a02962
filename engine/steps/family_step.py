"""The gradients of one family's panels in each exact step, computed in Python or by a recorded function."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor

from engine.state.families import PanelFamily, pad_state, trim_state
from engine.state.train_state import TrainState
from engine.state.weights import Rows
from engine.steps.base import PendingFunction
from engine.steps.gradients import Gradients, SideBySide
from engine.steps.parity import python_gradients

#: Steps that are computed in Python before a recorded function is asked for: it is not worth it for a few steps.
PATIENCE = 40

#: Returns a function with the same bytes as gradients with such arguments, made in the background. The third argument
#: says that it is only wanted if it is there already; ``None`` where it is not.
Recorder = Callable[[Gradients, list[Tensor], bool], PendingFunction | None]


@final
@dataclass(frozen=True)
class PanelGradients:
    """Of one panel: the mean loss ``()``, the gradients of net and loss, and what its loss learned by rule."""

    loss: Tensor
    gradients: Rows
    rule_state: dict[str, Tensor]


@final
class FamilyStep:
    """The gradients of a family; ``recorded`` is the function that may replace Python's, if there is one."""

    def __init__(self, family: PanelFamily, state: TrainState, recorder: Recorder | None) -> None:
        self.family, self.panels = family, family.panels
        self.recorded: PendingFunction | None = None
        self.python: Gradients | None = None  # known from the first step in Python on
        anywhere = replace(family, panels=tuple(range(len(family.panels))))  # which panels they are changes no byte
        self._gradients = Gradients(state.net, tuple(state.weights.plan.net.items()), anywhere)
        self._recorder = recorder
        self._steps = 0
        self.read_knobs(state)

    def read_knobs(self, state: TrainState) -> None:
        """Read the knobs: they are tensors, so that a recorded function is of use after one has moved."""
        precise = (
            torch.float32 if state.device.type == "mps" else torch.float64
        )  # Python's numbers, where there are any
        losses = [state.losses[panel] for panel in self.panels]
        knobs = [[float(getattr(loss, name)) for loss in losses] for name in self.family.tensor_knobs]
        self._knobs = [torch.tensor(own, dtype=precise, device=state.device) for own in knobs]
        self._panel_knobs = [[knob[place].clone() for knob in self._knobs] for place in range(len(losses))]

    def gradients(self, state: TrainState, x: Tensor, y: Tensor, *, record: bool) -> list[PanelGradients]:
        """Return each panel's loss and gradients, by scaled samples ``(B, ...)`` and labels ``(B,)``.

        ``record`` says whether a recorded function may be asked for now.
        """
        self._steps += 1
        arguments = self.arguments(state, x, y)
        if record and self.recorded is None and (self._steps == 1 or self._steps >= PATIENCE):
            self.request(arguments, only_existing=self._steps == 1)
        results = self._recorded_results(arguments)
        if results is None:
            results = self._python_results(state, arguments)
        return [
            self._panel_gradients(tensors, state.rule_state[panel])
            for panel, tensors in zip(self.panels, results, strict=True)
        ]

    def request(self, arguments: list[Tensor], *, only_existing: bool = False) -> None:
        """Ask for a recorded function, if there is a recorder; it is used from the step on in which it is there."""
        if self._recorder is not None:
            self.recorded = self._recorder(self._gradients, arguments, only_existing)

    def _recorded_results(self, arguments: list[Tensor]) -> Iterable[Sequence[Tensor]] | None:
        """Return the tensors of each panel by the recorded function, ``None`` while there is none."""
        function = self.recorded.result() if self.recorded is not None and self.recorded.done() else None
        if function is None:
            return None
        results = function(*arguments) or ()
        return [results] if len(self.panels) == 1 else zip(*results, strict=True)

    def _python_results(self, state: TrainState, arguments: list[Tensor]) -> Iterable[Sequence[Tensor]]:
        """Return the tensors of each panel, computed side by side where that gives each what it gets alone."""
        if self.python is None:
            self.python = python_gradients(self._gradients, arguments)
        if len(self.panels) == 1:
            return [self.python(*arguments)]
        if self.python.side_by_side is not SideBySide.NOTHING:
            return zip(*self.python(*arguments), strict=True)
        x, y, *_ = arguments
        return [self.python(x, y, *self._of_panel(place, state)) for place in range(len(self.panels))]

    def arguments(self, state: TrainState, x: Tensor, y: Tensor) -> list[Tensor]:
        """Return what ``Gradients`` are called with: of one panel, or of all with one dimension more in front."""
        if len(self.panels) == 1:
            return [x, y, *self._of_panel(0, state)]
        rows = torch.stack([state.weights.rows(panel)[1] for panel in self.panels])
        rule_state = zip(*(self._rule_state(state, panel) for panel in self.panels), strict=True)
        return [x, y, state.weights.net_rows(self.panels), rows, *map(torch.stack, rule_state), *self._knobs]

    def _of_panel(self, place: int, state: TrainState) -> list[Tensor]:
        panel = self.panels[place]
        return [*state.weights.rows(panel), *self._rule_state(state, panel), *self._panel_knobs[place]]

    def _rule_state(self, state: TrainState, panel: int) -> list[Tensor]:
        return [pad_state(state.rule_state[panel][name], shape) for name, shape in self.family.rule_state]

    def _panel_gradients(self, tensors: Sequence[Tensor], before: Mapping[str, Tensor]) -> PanelGradients:
        loss, net, row, *rule_state = tensors
        by_name = zip((name for name, _ in self.family.rule_state), rule_state, strict=True)
        after = {name: trim_state(tensor, before[name]) for name, tensor in by_name}
        return PanelGradients(loss, (net, row), after)
