"""The watch for divergence: a panel stops in the step in which one of its numbers is not finite."""

from collections.abc import Sequence

import torch
from torch import Tensor

from engine.state.train_state import TrainState
from spec import Message

#: What is looked at in a step, in this order.
CAUSES = ("loss", "gradient", "state")

#: The number of a panel whose numbers are all finite.
FINE = float(len(CAUSES))


def first_causes(losses: Tensor, norms: Tensor, finite_rule_state: Tensor) -> Tensor:
    """Return for each panel ``(K,)`` the place in ``CAUSES`` of the first that is not finite, ``FINE`` if all are.

    ``losses`` and ``norms``, the lengths of the gradients, are ``(K,)``; ``finite_rule_state`` ``(K,)`` tells whether
    all that a panel learns by rule is finite.
    """
    causes = torch.where(finite_rule_state, FINE, 2.0)
    causes = torch.where(torch.isfinite(norms), causes, 1.0)
    return torch.where(torch.isfinite(losses), causes, 0.0)


def all_finite(tensors: Sequence[Tensor], start: Tensor) -> Tensor:
    """Return ``start`` ``(K,)``, ``False`` for panels with numbers in tensors ``(K, ...)`` that are not finite."""
    for tensor in tensors:
        start = start & torch.isfinite(tensor).view(len(tensor), -1).all(dim=1)
    return start


def stop(state: TrainState, panel: int, cause: float, step: int) -> None:
    """Note that a panel stopped in a step, counted from 1, and why; the first reason stays."""
    state.stopped.setdefault(panel, Message.of(f"data.diverged_{CAUSES[int(cause)]}", step=step))
