"""The exact step: each panel computes what it would compute alone, to the bit."""

from typing import TYPE_CHECKING, final

import torch
from torch import Tensor

from engine.machine.precision import careful
from engine.state.families import grouped
from engine.state.weights import norms
from engine.steps.base import CLIP, DIVERGED, Step
from engine.steps.family_step import Asked, RecordedGroup
from losses import State

if TYPE_CHECKING:
    from engine.training.trainer import Trainer


@final
class Exact(Step):
    """Gradients family by family, Adam panel by panel.

    Those of a family are computed side by side, where that gives each panel the bytes that it would get alone
    (``engine.steps.parity``), and played from records where these are there (``engine.compiled.records``).
    """

    def __init__(self) -> None:
        super().__init__()
        self.recording = True  # whether records are asked for
        self._groups: list[RecordedGroup] = []
        self._changed = True

    def take(self, trainer: "Trainer", most: int) -> None:
        """Take one step with all panels."""
        own = trainer
        with careful(own.device):
            asked = self.asked(own, own.batches.at(own.step))
        losses, lengths = torch.stack([panel.loss for panel in asked]), norms([panel.gradients for panel in asked])
        self._watch(own, losses, lengths, asked)
        if own.stopped:
            alive = torch.tensor([panel not in own.stopped for panel in range(len(losses))], device=own.device)
            losses = torch.where(alive, losses, own.last_losses)
            lengths = torch.where(alive, lengths, own.norms)
        divisors = (lengths / CLIP).clamp(min=1.0)
        own.weights.step(own.rates, [panel.gradients for panel in asked], divisors, own.stopped)
        for panel, told in enumerate(asked):
            if panel not in own.stopped:
                own.rule_state[panel] = told.rule_state
        own.last_losses, own.norms = losses, lengths
        own.step += 1

    def settle(self, trainer: "Trainer") -> None:
        """Do nothing: the trainer knows all there is."""

    def changed(self, trainer: "Trainer") -> None:
        """Let the next step read the knobs anew."""
        self._changed = True

    def wait(self) -> None:
        """Wait until there are records, or it is known that there will be none."""
        for recorded in self._groups:
            recorded.wait()

    def asked(self, own: "Trainer", places: Tensor) -> list[Asked]:
        """Return what each panel's loss asks for at the samples of a batch."""
        x, y = self._batch(own, places)
        if self._changed:
            self._regroup(own)
        found: dict[int, Asked] = {}
        for recorded in self._groups:
            asked = recorded.asked(own, x, y, recording=self.recording)
            found.update(zip(recorded.panels, asked, strict=True))
        return [found[panel] for panel in range(len(found))]

    @staticmethod
    def _batch(own: "Trainer", places: Tensor) -> tuple[Tensor, Tensor]:
        x, y = own.data.batch(places)
        return own.data.scaled(x), y

    def _regroup(self, own: "Trainer") -> None:
        """Read the knobs; a group whose panels are still the same keeps its records."""
        known = {recorded.group: recorded for recorded in self._groups}
        groups = grouped(own.losses, own.weights.plan.states, own.rule_state)
        self._groups = [known.get(group) or RecordedGroup(group, own) for group in groups]
        for recorded in self._groups:
            recorded.read(own)
        self._changed = False

    def _watch(self, own: "Trainer", losses: Tensor, lengths: Tensor, asked: list[Asked]) -> None:
        """Stop the panels whose numbers are not finite, and say what was seen first."""
        fine_losses, fine_norms = torch.isfinite(losses).tolist(), torch.isfinite(lengths).tolist()
        for panel, told in enumerate(asked):
            fine_state = all(bool(torch.isfinite(tensor).all()) for tensor in told.rule_state.values())
            for what, fine in zip(DIVERGED, (fine_losses[panel], fine_norms[panel], fine_state), strict=True):
                if not fine:
                    self.stop(own, panel, what, own.step + 1)
                    break


def part(state: State, names: frozenset[str]) -> dict[str, Tensor]:
    """Return the tensors of a state that have these names, off the graph of gradients."""
    return {name: tensor.detach() for name, tensor in state.items() if name in names}
