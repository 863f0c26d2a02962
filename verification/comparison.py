"""One comparison: what should be, what is, and how far they may be apart."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from losses.shape import Array
from spec import Message

#: Numbers below this are written as zero: in float64 nothing but rounding is left of them.
NOTHING = 1e-9


@final
@dataclass(frozen=True)
class Topic:
    """What is compared, and who says what should be."""

    check: Message
    source: Message

    @classmethod
    def of(cls, check: str, source: str, **values: object) -> "Topic":
        """Make a topic from names under ``verify.check`` and ``verify.source``."""
        return cls(Message.of(f"verify.check.{check}", **values), Message.of(f"verify.source.{source}"))


@final
@dataclass(frozen=True)
class Finding:
    """One comparison, of one number or of several. ``where`` says at which knobs and where, for when it fails.

    ``deviation`` is absolute for printed numbers, relative above one and absolute below for others, and the number
    of failures where things are counted (``allowed`` is zero).
    """

    topic: Topic
    expected: str
    found: str
    deviation: float
    allowed: float
    compared: int = 1
    where: str = ""

    @property
    def ok(self) -> bool:
        """Whether the deviation is allowed; NaN is not."""
        return self.deviation <= self.allowed


def printed(topic: Topic, found: float, text: str) -> Finding:
    """Compare with a printed number: half a unit in its last digit is allowed."""
    mantissa, _, exponent = text.partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
    shown = f"{found:.{len(mantissa)}e}" if exponent else f"{found:.{decimals + 2}f}"
    # the last factor: a number may lie half-way between two printed ones
    return Finding(topic, text, shown, abs(found - float(text)), 0.5 * 10.0**-decimals * (1 + 1e-9))


def close(
    topic: Topic, found: Tensor | Array, expected: Tensor | Array, tolerance: float, where: str = ""
) -> Iterator[Finding]:
    """Compare numbers one by one: the first is shown, or where one is too far off, the worst."""
    ours, theirs = _flat(found), _flat(expected)
    if ours.shape != theirs.shape:
        yield Finding(topic, str(theirs.shape), str(ours.shape), math.inf, tolerance, 1, where)
    elif ours.size:
        deviation = np.abs(ours - theirs) / np.maximum(1, np.abs(theirs))
        deviation[np.isnan(deviation)] = math.inf
        most = float(deviation.max())
        place = 0 if most <= tolerance else int(deviation.argmax())
        yield Finding(topic, shown(theirs[place]), shown(ours[place]), most, tolerance, ours.size, where)


def count(topic: Topic, held: int, of: int, where: str = "") -> Finding:
    """Compare how many hold with how many there are."""
    return Finding(topic, str(of), str(held), float(of - held), 0.0, of, where)


def facts(topic: Topic, true: Mapping[str, bool], where: str = "") -> Finding:
    """Compare how many facts are true with how many there are; those that are not are named."""
    wrong = ", ".join(name for name, holds in true.items() if not holds)
    return count(topic, sum(true.values()), len(true), "; ".join(part for part in (wrong, where) if part))


def broken(topic: Topic, error: Exception, where: str = "") -> Finding:
    """Say that a check could not even be run, in one line."""
    said = " ".join(f"{type(error).__name__}: {error}".split())
    return Finding(topic, "-", said[:120], math.inf, 0.0, 1, where)


def shown(number: float) -> str:
    """Write a number to six digits, and as zero what is nothing but rounding."""
    return "0" if abs(number) < NOTHING else f"{number:.6g}"


def knobs_shown(knobs: Mapping[str, Any]) -> str:
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
