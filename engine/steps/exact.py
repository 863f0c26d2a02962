"""The exact step: each panel computes what it would compute alone, to the bit."""

from typing import final

import torch
from torch import Tensor

from engine.machine.precision import product_precision
from engine.state.families import group_by_family
from engine.state.train_state import TrainState
from engine.steps.base import Step
from engine.steps.clipping import clip, norms
from engine.steps.divergence import FINE, first_causes, stop
from engine.steps.family_step import FamilyStep, PanelGradients, Recorder


@final
class ExactStep(Step):
    """Gradients family by family, then clipping, Adam and the rules of the losses.

    Gradients of a family are computed side by side where that gives each panel the bytes that it would get alone
    (``engine.steps.parity``). With a ``recorder``, a recorded function with the same bytes may replace Python's.
    ``record`` says whether such functions are asked for.
    """

    def __init__(self, recorder: Recorder | None = None) -> None:
        super().__init__()
        self.record = True
        self.families: list[FamilyStep] = []
        self._recorder = recorder
        self._current = False  # whether the families are those of the losses as they are now

    def take(self, state: TrainState, most: int) -> None:
        """Take one step with all panels."""
        panels = self.gradients(state, state.batches.at(state.step))
        losses = torch.stack([panel.loss for panel in panels])
        lengths = norms([panel.gradients for panel in panels])
        _watch(state, losses, lengths, panels)
        clipped = clip([panel.gradients for panel in panels], lengths)
        state.weights.adam_step(state.step, state.rates_at(state.step), clipped, state.stopped)
        for number, panel in enumerate(panels):
            if number not in state.stopped:
                state.rule_state[number] = panel.rule_state
        if state.stopped:
            alive = torch.tensor([panel not in state.stopped for panel in range(len(panels))], device=state.device)
            losses = torch.where(alive, losses, state.last_losses)
            lengths = torch.where(alive, lengths, state.norms)
        state.last_losses, state.norms = losses, lengths
        state.step += 1

    def gradients(self, state: TrainState, places: Tensor) -> list[PanelGradients]:
        """Return each panel's loss and gradients at the samples of a batch."""
        if not self._current:
            self._group(state)
        x, y = state.data.batch(places)
        x = state.data.scaled(x)
        by_panel: dict[int, PanelGradients] = {}
        with product_precision(state.device, tf32=False):
            for family in self.families:
                gradients = family.gradients(state, x, y, record=self.record)
                by_panel.update(zip(family.panels, gradients, strict=True))
        return [by_panel[panel] for panel in range(len(by_panel))]

    def look(self, state: TrainState) -> None:
        """Set the losses and norms of the next batch without a step."""
        panels = self.gradients(state, state.batches.at(state.step))
        state.last_losses = torch.stack([panel.loss for panel in panels])
        state.norms = norms([panel.gradients for panel in panels])

    def sync(self, state: TrainState) -> None:
        """Do nothing: the state knows all there is."""

    def refresh(self, state: TrainState) -> None:
        """Let the next step read the knobs again."""
        self._current = False

    def wait(self) -> None:
        """Wait until the functions that were asked for are there, or never will be."""
        for family in self.families:
            if family.recorded is not None:
                family.recorded.result()

    def _group(self, state: TrainState) -> None:
        """Group the panels by family, and read the knobs; a family that is still the same keeps its functions."""
        before = {family.family: family for family in self.families}
        families = group_by_family(state.losses, state.weights.plan.states, state.rule_state)
        self.families = [before.get(family) or FamilyStep(family, state, self._recorder) for family in families]
        for family in self.families:
            family.read_knobs(state)
        self._current = True


def _watch(state: TrainState, losses: Tensor, lengths: Tensor, panels: list[PanelGradients]) -> None:
    """Stop the panels whose numbers are not finite."""
    finite = [all(bool(torch.isfinite(tensor).all()) for tensor in panel.rule_state.values()) for panel in panels]
    causes = first_causes(losses, lengths, torch.tensor(finite, device=state.device))
    for panel, cause in enumerate(causes.tolist()):
        if cause != FINE:
            stop(state, panel, cause, state.step + 1)
