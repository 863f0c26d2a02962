"""The exact step: panel after panel, so that each computes what it would compute alone, to the bit."""

from typing import TYPE_CHECKING, final

import torch
from torch import Tensor

from engine.step import DIVERGED, Step
from losses import State

if TYPE_CHECKING:
    from engine.trainer import Trainer

#: The longest gradient of a panel: with it every loss trains at the default learning rate.
CLIP = 1.0


@final
class Exact(Step):
    """Forward pass, loss and gradient panel by panel; one fused call steps them all."""

    def take(self, trainer: "Trainer", most: int) -> None:
        """Take one step with all panels."""
        own = trainer
        places = own.batches.at(own.step)
        losses, z = self.backward(own, places)
        norms = own.weights.norms()
        y = own.data.train_y[places]
        ruled = [
            part(loss.update(z[panel], y, own.state(panel)), loss.ruled) if loss.ruled else {}
            for panel, loss in enumerate(own.losses)
        ]
        self._watch(own, losses, norms, ruled)
        alive = None
        if own.stopped:
            alive = torch.tensor([panel not in own.stopped for panel in range(len(losses))], device=own.device)
            losses = torch.where(alive, losses, own.last_losses)
            norms = torch.where(alive, norms, own.norms)
        rates = torch.tensor(own.rates, device=own.device)
        own.weights.step(rates, (CLIP / norms).clamp(max=1.0).float(), alive)
        own.ruled = [own.ruled[panel] if panel in own.stopped else moved for panel, moved in enumerate(ruled)]
        own.last_losses, own.norms = losses, norms
        own.step += 1

    def settle(self, trainer: "Trainer") -> None:
        """Do nothing: the trainer knows all there is."""

    def changed(self, trainer: "Trainer") -> None:
        """Do nothing: each step reads the knobs anew."""

    def backward(self, own: "Trainer", places: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Fill the gradients for a batch; return the panels' losses ``(K,)`` and each one's embeddings ``(B, D)``."""
        x, y = own.data.scaled(own.data.train_x[places]), own.data.train_y[places]
        own.weights.gradient.zero_()
        z, losses = [], []
        for loss, (net, state), ruled in zip(own.losses, own.weights.leaves(), own.ruled, strict=True):
            z.append(own.net.one(net, x))
            losses.append(loss.per_sample(z[-1], y, {**state, **ruled}).mean())
        together = torch.stack(losses)
        together.sum().backward()  # type: ignore[no-untyped-call]
        return together.detach(), [seen.detach() for seen in z]

    def _watch(self, own: "Trainer", losses: Tensor, norms: Tensor, ruled: list[dict[str, Tensor]]) -> None:
        """Stop the panels whose numbers are not finite, and say what was seen first."""
        fine_losses, fine_norms = torch.isfinite(losses).tolist(), torch.isfinite(norms).tolist()
        for panel, moved in enumerate(ruled):
            fine_state = all(bool(torch.isfinite(tensor).all()) for tensor in moved.values())
            for what, fine in zip(DIVERGED, (fine_losses[panel], fine_norms[panel], fine_state), strict=True):
                if not fine:
                    self.stop(own, panel, what, own.step + 1)
                    break


def part(state: State, names: frozenset[str]) -> dict[str, Tensor]:
    """Return the tensors of a state that have these names, off the graph of gradients."""
    return {name: tensor.detach() for name, tensor in state.items() if name in names}
