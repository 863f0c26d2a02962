"""Siblings: knobs at which a loss equals another loss of ours, up to a factor."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, final

import torch
from torch import Tensor
from torch.nn.functional import normalize

from losses import LOSSES, Loss
from spec import Message
from verification.cases import batch_of, state_of
from verification.comparison import Finding, Topic, close, knob_list

_State = dict[str, Tensor]

#: Rounding in float64, through two ways to write the same value.
_TOLERANCE = 1e-9


def same(z: Tensor, state: _State) -> tuple[Tensor, _State]:
    """Change nothing."""
    return z, state


def unit_vectors(z: Tensor, state: _State) -> tuple[Tensor, _State]:
    """Scale class vectors to length one."""
    return z, {**state, "weight": normalize(state["weight"])}


def length_nine(z: Tensor, state: _State) -> tuple[Tensor, _State]:
    """Scale embeddings to length nine."""
    return 9 * normalize(z), state


def nine_cosines(z: Tensor, state: _State) -> tuple[Tensor, _State]:
    """Scale embeddings to length nine and class vectors to length one."""
    return 9 * normalize(z), {**state, "weight": normalize(state["weight"])}


def triple(z: Tensor, state: _State) -> tuple[Tensor, _State]:
    """Multiply embeddings by three."""
    return 3 * z, state


def twos(y: Tensor) -> Tensor:
    """Return labels with two samples of each class."""
    return torch.arange(len(y)) // 2


def two_classes(y: Tensor) -> Tensor:
    """Return labels of two classes."""
    return y % 2


@final
@dataclass(frozen=True, kw_only=True)
class Sibling:
    """A loss at some knobs that equals another one, up to a factor, on the same inputs or on changed ones.

    ``mine`` and ``theirs`` change the embeddings and the state of either loss. ``how`` names the text under
    ``verify.sibling`` that says so in words. ``labels`` changes the labels of both.
    """

    other: str
    knobs: Mapping[str, Any] = field(default_factory=dict)
    other_knobs: Mapping[str, Any] = field(default_factory=dict)
    mine: Callable[[Tensor, _State], tuple[Tensor, _State]] = same
    theirs: Callable[[Tensor, _State], tuple[Tensor, _State]] = same
    labels: Callable[[Tensor], Tensor] = lambda y: y
    how: str = ""
    factor: float = 1.0
    logits: bool = False

    @property
    def name(self) -> str:
        """What tells the row from the other rows of its loss, in tests."""
        return f"{knob_list(self.knobs)}-{self.other}-{knob_list(self.other_knobs)}-{self.how}"

    def findings(self, loss: type[Loss]) -> Iterator[Finding]:
        """Compare the value, the gradient and, with ``logits``, the logits in 2, 3 and 7 dimensions."""
        ours, other = loss(**self.knobs), LOSSES[self.other](**self.other_knobs)
        check = Message.of(
            f"verify.sibling.{self.how or 'plain'}",
            knobs=knob_list(self.knobs) or Message.of("verify.word.defaults"),
            other=other.title,
            other_knobs=knob_list(self.other_knobs) or Message.of("verify.word.defaults"),
        )
        topic = Topic(check, Message.of("verify.source.sibling"))
        for dim in (2, 3, 7):
            z, y = batch_of(4, samples=40, dim=dim)
            z, y = z.requires_grad_(), self.labels(y)
            # state that ``update`` moves stays at zero, where most of these limits hold
            state = state_of(ours, 2, dim=dim) | state_of(other, 2, dim=dim)
            state |= {name: torch.zeros_like(state[name]) for name in ours.non_gradient_state}
            mine, theirs = self.mine(z, state), self.theirs(z, state)
            a, b = ours(mine[0], y, mine[1]), self.factor * other(theirs[0], y, theirs[1])
            yield from close(topic, a, b, _TOLERANCE, f"dim={dim}")
            slopes = [torch.autograd.grad(each.mean(), z)[0] for each in (a, b)]
            yield from close(topic, slopes[0], slopes[1], _TOLERANCE, f"dim={dim}")
            if self.logits:
                scores = ours.logits(mine[0], y, mine[1]), other.logits(theirs[0], y, theirs[1])
                assert scores[0] is not None  # a row that compares logits names losses that have them
                assert scores[1] is not None
                yield from close(topic, scores[0], scores[1], _TOLERANCE, f"dim={dim}")
