"""Worked numbers: what a loss must give on known inputs, to half a unit in the last printed digit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, final

import torch
from torch import Tensor

from losses import Loss
from spec import Message
from verification.cases import generator
from verification.comparison import Finding, Topic, knobs_shown, printed
from verification.inputs import INPUTS

#: What is read off: the mean of the batch, each sample, the first sample's without the scaling of the mean over
#: anchors, the gradient at the first embedding, the label's logits, or what is moved by rule after one update.
Reading = Literal["mean", "each", "anchor", "gradient", "logits", "update"]


@final
@dataclass(frozen=True, kw_only=True)
class Worked:
    """A loss at some knobs on the inputs of a name, and the printed numbers.

    ``less`` changes the knobs of a second value that is subtracted; ``over`` divides. ``source`` names who printed
    the numbers; without one they were worked out from the equation that the loss cites, beside its code.
    """

    slug: str
    inputs: str
    printed: Sequence[str]
    knobs: dict[str, Any] = field(default_factory=dict)
    reading: Reading = "mean"
    less: dict[str, Any] | None = None
    over: float = 1.0
    source: str = ""

    @property
    def name(self) -> str:
        """What tells the row from others, in tests."""
        return f"{self.slug}-{self.inputs}-{self.reading}-{knobs_shown(self.knobs)}-{self.printed[0]}"

    def findings(self, loss: type[Loss]) -> Iterator[Finding]:
        """Yield one finding for each printed number."""
        found = self._read(loss(**self.knobs))
        if self.less is not None:
            found = found - self._read(loss(**{**self.knobs, **self.less}))
        check = Message.of(
            f"verify.worked.{'difference' if self.less is not None else self.reading}",
            knobs=knobs_shown(self.knobs) or Message.of("verify.word.defaults"),
            inputs=Message.of(f"verify.inputs.{self.inputs}"),
            less=knobs_shown(self.less or {}),
            over="" if self.over == 1 else f" / {self.over:g}",
        )
        source = Message.of(f"verify.source.{self.source}") if self.source else cited(loss)
        for number, text in zip((found / self.over).tolist(), self.printed, strict=True):
            yield printed(Topic(check, source), number, text)

    def _read(self, loss: Loss) -> Tensor:
        given = INPUTS[self.inputs]
        z, y = given["z"], given["y"]
        # what moves by rule starts as the loss starts it
        start = loss.init(max(2, len(given.get("weight", ()))), z.shape[1], generator(0))
        state = {name: tensor.to(z) for name, tensor in start.items() if name in loss.non_gradient_state}
        state |= {name: tensor for name, tensor in given.items() if name not in {"z", "y"}}
        if self.reading == "gradient":
            leaf = z[:1].clone().requires_grad_()
            return torch.autograd.grad(loss(leaf, y[:1], state).sum(), leaf)[0][0]
        if self.reading == "logits":
            logits = loss.logits(z, y, state)
            assert logits is not None  # a row that asks for logits names a loss that has them
            return logits.gather(1, y[:, None])[:, 0]
        if self.reading == "update":
            after = loss.update(z, y, state)
            return torch.cat([after[name].flatten() for name in sorted(loss.non_gradient_state)])
        each = loss(z, y, state)
        if self.reading == "anchor":
            return each[:1] * int((y == 0).sum()) / len(y)
        return each if self.reading == "each" else each.mean()[None]


def cited(loss: type[Loss]) -> Message:
    """Return who the maths of a loss is from."""
    cite = loss.cite
    first, _, others = cite.authors.partition(",")
    who = first.split(". ")[-1] + (" et al." if others else "")
    return Message.of("verify.source.paper", paper=f"{who} {cite.year}, {cite.where}")
