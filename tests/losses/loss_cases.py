"""What the generic tests are run on beside the cases of the verification: random knobs, and whom they are not for."""

from functools import cache
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from losses import OURS, Family, Loss
from spec import Knob
from verification.comparison import Topic, half_a_digit
from verification.report import Report
from verification.run import verify

SLUGS_WITH_AXES = frozenset({"l_gm"})  # a diagonal covariance is tied to the axes: turns count, boundaries are conics
NORMALISED = frozenset({Family.ANGULAR})  # only directions count
SLUGS_WHOSE_LENGTH_COUNTS = frozenset({"l_softmax", "a_softmax"})  # though they are about angles

few = settings(max_examples=15, deadline=None, derandomize=True)


def _drawn(knob: Knob) -> st.SearchStrategy[Any]:
    if knob.kind == "switch":
        return st.booleans()
    if knob.kind == "choice":
        return st.sampled_from(knob.choices)
    low, high = knob.slider
    return st.integers(int(low), int(high)) if knob.kind == "whole" else st.floats(low, high)


def knobs_of(loss: type[Loss]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({knob.name: _drawn(knob) for knob in loss.knobs()})


#: Every loss of ours.
EVERY_VERIFIED = pytest.mark.parametrize("cls", OURS.values(), ids=OURS)


@cache
def verified(loss: type[Loss]) -> Report:
    """The whole verification of a loss, once for all tests of a process."""
    return verify(loss)


def faults(findings):
    """The findings that are not allowed."""
    return [one for one in findings if not one.ok]


def agree(found: float, text: str) -> None:
    """A number agrees with a printed one."""
    assert faults([half_a_digit(Topic.of("value", "contract"), found, text)]) == []
