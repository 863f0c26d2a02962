"""One comparison: the expected value, the actual value, and how far they may be apart."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from losses.shape import Array
from spec import Message

#: Numbers below this are written as zero: in float64 they are nothing but rounding.
NOTHING = 1e-9


@final
@dataclass(frozen=True)
class Topic:
    """What is compared, and where the expected value comes from."""

    check: Message
    source: Message

    @classmethod
    def of(cls, check: str, source: str, **values: object) -> "Topic":
        """Make a topic from names under ``verify.check`` and ``verify.source``."""
        return cls(Message.of(f"verify.check.{check}", **values), Message.of(f"verify.source.{source}"))


@final
@dataclass(frozen=True)
class Finding:
    """The result of one comparison, of one number or of several.

    ``deviation`` is absolute for reference numbers; for other numbers it is relative above one and absolute below;
    where things are counted it is the number of failures, and ``allowed`` is zero. ``where`` says at which knobs and
    at which place, for the case that the comparison fails.
    """

    topic: Topic
    expected: str
    actual: str
    deviation: float
    allowed: float
    comparisons: int = 1
    where: str = ""

    @property
    def ok(self) -> bool:
        """Whether the deviation is allowed; NaN is not."""
        return self.deviation <= self.allowed


def half_a_digit(topic: Topic, actual: float, digits: str) -> Finding:
    """Compare with a printed number: half a unit in its last digit is allowed."""
    mantissa, _, exponent = digits.partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
    words = f"{actual:.{len(mantissa)}e}" if exponent else f"{actual:.{decimals + 2}f}"
    # the last factor: a number may lie half-way between two printed ones
    return Finding(topic, digits, words, abs(actual - float(digits)), 0.5 * 10.0**-decimals * (1 + 1e-9))


def close(
    topic: Topic, actual: Tensor | Array, expected: Tensor | Array, tolerance: float, where: str = ""
) -> Iterator[Finding]:
    """Compare numbers one by one. The finding shows the first, or the worst where one is too far off."""
    ours, theirs = _flat(actual), _flat(expected)
    if ours.shape != theirs.shape:
        yield Finding(topic, str(theirs.shape), str(ours.shape), math.inf, tolerance, 1, where)
    elif ours.size:
        deviation = np.abs(ours - theirs) / np.maximum(1, np.abs(theirs))
        deviation[np.isnan(deviation)] = math.inf
        most = float(deviation.max())
        place = 0 if most <= tolerance else int(deviation.argmax())
        yield Finding(topic, six_digits(theirs[place]), six_digits(ours[place]), most, tolerance, ours.size, where)


def count(topic: Topic, held: int, of: int, where: str = "") -> Finding:
    """Compare how many hold with how many there are."""
    return Finding(topic, str(of), str(held), float(of - held), 0.0, of, where)


def facts(topic: Topic, true: Mapping[str, bool], where: str = "") -> Finding:
    """Compare how many facts are true with how many there are; ``where`` names those that are not."""
    wrong = ", ".join(name for name, holds in true.items() if not holds)
    return count(topic, sum(true.values()), len(true), "; ".join(part for part in (wrong, where) if part))


def crash(topic: Topic, error: Exception, where: str = "") -> Finding:
    """Report a check that raised an error, in one line."""
    words = " ".join(f"{type(error).__name__}: {error}".split())
    return Finding(topic, "-", words[:120], math.inf, 0.0, 1, where)


def six_digits(number: float) -> str:
    """Write a number to six digits, and as zero what is nothing but rounding."""
    return "0" if abs(number) < NOTHING else f"{number:.6g}"


def knob_list(knobs: Mapping[str, Any]) -> str:
    """Write knobs as ``margin=0.3, scale=16``."""
    return ", ".join(f"{name}={f'{value:.6g}' if _is_number(value) else value}" for name, value in knobs.items())


def worst(findings: Sequence[Finding]) -> Finding:
    """Return the finding that exceeds what is allowed the most, relative to it."""
    return max(findings, key=lambda one: (not one.ok, _share(one)))


def _share(finding: Finding) -> float:
    share = finding.deviation / finding.allowed if finding.allowed else finding.deviation
    return math.inf if math.isnan(share) else share


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _flat(numbers: Tensor | Array) -> Array:
    if isinstance(numbers, Tensor):
        numbers = numbers.detach().to(torch.float64).numpy()
    return np.asarray(numbers, dtype=np.float64).ravel()
