"""An exhibit: one mistake that people make, the code that makes it, and the identity that it breaks."""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, final

from torch import Tensor

from losses import Loss, State
from museum.picture import Picture

#: The piece of code that is right or wrong; both versions take and return the same.
Rule = TypeVar("Rule", bound=Callable[..., Any])

#: The rule of most exhibits: ``per_sample`` of their loss, with the loss itself first.
PerSample = Callable[[Any, Tensor, Tensor, State], Tensor]

#: Identities hold up to rounding in float64, and every mistake is off by more than this.
TOLERANCE = 1e-6


@final
@dataclass(frozen=True, kw_only=True)
class Exhibit(Generic[Rule]):
    """A mistake beside the right code.

    ``loss`` is the right loss, with the knobs at which the mistake is shown; ``right`` and ``wrong`` are the same
    piece of code, once right and once wrong. ``measure`` runs either of them and returns the number of the identity;
    ``expected`` is that number from a formula that runs neither. ``picture`` shows the effect of a rule.
    The words are in ``spec/texts/museum.toml`` under the slug: ``title``, ``mistake``, ``wild`` (where it is
    seen), ``identity`` and ``see`` (what to look at in the picture).
    """

    slug: str
    loss: Loss
    right: Rule
    wrong: Rule
    expected: float
    measure: Callable[[Rule], float]
    picture: Callable[[Rule], Picture]

    def passes(self, rule: Rule) -> bool:
        """Return whether a rule keeps the identity; NaN never does."""
        return math.isclose(self.measure(rule), self.expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)

    @property
    def code(self) -> str:
        """The wrong code, as it runs."""
        return inspect.getsource(self.wrong).rstrip()


def number(value: float) -> str:
    """Write a number of an identity: six digits, and zero where only rounding is left."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:.6g}" if abs(value) > TOLERANCE else "0"
