"""Reference numbers: what a loss gives on known inputs, to half a unit in the last printed digit."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, final

import torch
from torch import Tensor

from losses import Loss
from spec import Message
from verification.cases import generator
from verification.comparison import Finding, Topic, half_a_digit, knob_list
from verification.inputs import INPUTS

#: What is read off the loss: the mean of the batch; each sample; the first sample without the factor that turns the
#: mean over anchors into the mean over samples; the gradient at the first embedding; the label's logits; or the
#: state that ``update`` moves, after one update.
Reading = Literal["mean", "each", "anchor", "gradient", "logits", "update"]


@final
@dataclass(frozen=True, kw_only=True)
class ReferenceNumbers:
    """A loss at some knobs on inputs with a name, and the numbers that it must give, as they are printed.

    ``minus`` changes the knobs of a second value, which is subtracted; ``divisor`` divides the result. ``source``
    names who printed the numbers (a text under ``verify.source``). Without it they were worked out by hand from the
    equation that the loss cites, not with the code of the loss.
    """

    inputs: str
    digits: Sequence[str]
    knobs: Mapping[str, Any] = field(default_factory=dict)
    reading: Reading = "mean"
    minus: Mapping[str, Any] | None = None
    divisor: float = 1.0
    source: str = ""

    @property
    def name(self) -> str:
        """What tells the row from the other rows of its loss, in tests."""
        return f"{self.inputs}-{self.reading}-{knob_list(self.knobs)}-{self.digits[0]}"

    def findings(self, loss: type[Loss]) -> Iterator[Finding]:
        """Yield one finding for each number."""
        values = self._values(loss(**self.knobs))
        if self.minus is not None:
            values = values - self._values(loss(**{**self.knobs, **self.minus}))
        check = Message.of(
            f"verify.worked.{'difference' if self.minus is not None else self.reading}",
            knobs=knob_list(self.knobs) or Message.of("verify.word.defaults"),
            inputs=Message.of(f"verify.inputs.{self.inputs}"),
            less=knob_list(self.minus or {}),
            over="" if self.divisor == 1 else f" / {self.divisor:g}",
        )
        source = Message.of(f"verify.source.{self.source}") if self.source else paper(loss)
        for number, digits in zip((values / self.divisor).tolist(), self.digits, strict=True):
            yield half_a_digit(Topic(check, source), number, digits)

    def _values(self, loss: Loss) -> Tensor:
        inputs = INPUTS[self.inputs]
        z, y = inputs["z"], inputs["y"]
        # state that ``update`` moves begins as the loss begins it
        start = loss.init(max(2, len(inputs.get("weight", ()))), z.shape[1], generator(0))
        state = {name: tensor.to(z) for name, tensor in start.items() if name in loss.non_gradient_state}
        state |= {name: tensor for name, tensor in inputs.items() if name not in {"z", "y"}}
        if self.reading == "gradient":
            leaf = z[:1].clone().requires_grad_()
            return torch.autograd.grad(loss(leaf, y[:1], state).sum(), leaf)[0][0]
        if self.reading == "logits":
            logits = loss.logits(z, y, state)
            assert logits is not None  # a row that reads logits belongs to a loss that has them
            return logits.gather(1, y[:, None])[:, 0]
        if self.reading == "update":
            after = loss.update(z, y, state)
            return torch.cat([after[name].flatten() for name in sorted(loss.non_gradient_state)])
        each = loss(z, y, state)
        if self.reading == "anchor":
            return each[:1] * int((y == 0).sum()) / len(y)
        return each if self.reading == "each" else each.mean()[None]


def number(inputs: str, digits: str, **knobs: Any) -> ReferenceNumbers:
    """Return the mean of the batch at some knobs, as one number."""
    return ReferenceNumbers(inputs=inputs, digits=[digits], knobs=knobs)


def numbers(inputs: str, digits: str, reading: Reading = "each", **knobs: Any) -> ReferenceNumbers:
    """Return several numbers of one reading at some knobs; the digits stand with spaces between them."""
    return ReferenceNumbers(inputs=inputs, digits=digits.split(), knobs=knobs, reading=reading)


def paper(loss: type[Loss]) -> Message:
    """Return who the equation of a loss is from."""
    cite = loss.cite
    first, _, others = cite.authors.partition(",")
    who = first.split(". ")[-1] + (" et al." if others else "")
    return Message.of("verify.source.paper", paper=f"{who} {cite.year}, {cite.where}")
