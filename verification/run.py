"""All checks of a loss, run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from losses import OURS, Loss
from verification.cases import Knobs, corners, limits, side_by_side
from verification.closed_form import closed_form, curves, weights
from verification.comparison import Finding, Topic, broken, knobs_shown
from verification.contract import described, moving_knobs, observes, order, precise, pure, reaches, refuses, value
from verification.extremes import extremes
from verification.geometry import head, ranks, shapes
from verification.independent import independent
from verification.printed_numbers import Worked
from verification.printed_scores import WORKED_SCORES
from verification.printed_tuples import WORKED_TUPLES
from verification.report import Report, Row
from verification.siblings import SIBLINGS

WORKED: Sequence[Worked] = (*WORKED_SCORES, *WORKED_TUPLES)

_Finder = Callable[[type[Loss], Knobs], Iterator[Finding]]


def _defaults(loss: type[Loss]) -> Sequence[Knobs]:
    return ({},)


#: What every loss is held against, by name: at which knobs, and how.
CHECKS: Mapping[str, tuple[Callable[[type[Loss]], Sequence[Knobs]], _Finder]] = {
    "closed_form": (corners, closed_form),
    "curves": (corners, curves),
    "weights": (corners, weights),
    "shapes": (corners, shapes),
    "head": (corners, head),
    "ranks": (_defaults, ranks),
    "extremes": (limits, extremes),
    "precise": (corners, precise),
    "pure": (corners, pure),
    "reaches": (_defaults, reaches),
    "order": (corners, order),
    "observes": (corners, observes),
    "described": (_defaults, described),
    "value": (corners, value),
    "refuses": (_defaults, refuses),
}


class _Known(Protocol):
    """What is known of one of our losses alone."""

    @property
    def slug(self) -> str: ...

    @property
    def name(self) -> str: ...

    def findings(self, loss: type[Loss]) -> Iterator[Finding]: ...


def known(loss: type[Loss]) -> Sequence[_Known]:
    """Return the worked numbers, limits and others' implementations of one of our losses."""
    rows: Sequence[_Known] = (*WORKED, *SIBLINGS, *independent())
    return [row for row in rows if row.slug == loss.slug] if OURS.get(loss.slug) is loss else []


def findings(name: str, loss: type[Loss]) -> Iterator[Finding]:
    """Yield the findings of one check at all its knobs."""
    settings, finder = CHECKS[name]
    for knobs in settings(loss):
        yield from _tried(name, knobs_shown(knobs), finder(loss, knobs))


def every(loss: type[Loss]) -> Iterator[Finding]:
    """Yield all findings of a loss: what is known of it, then what every loss owes."""
    for row in known(loss):
        yield from _tried("known", row.name, row.findings(loss))
    for name in CHECKS:
        yield from findings(name, loss)
    for panels in side_by_side(loss):
        yield from _tried("tensor_knobs", knobs_shown(panels[0]), moving_knobs(loss, panels))


def verify(loss: type[Loss]) -> Report:
    """Hold a loss against everything there is, and sum up."""
    topics: dict[Topic, list[Finding]] = {}
    for finding in every(loss):
        topics.setdefault(finding.topic, []).append(finding)
    return Report(loss.slug, tuple(Row.of(topic, found) for topic, found in topics.items()))


def _tried(name: str, where: str, found: Iterator[Finding]) -> Iterator[Finding]:
    """Yield what is found; where a check falls over, that is a finding as well."""
    try:
        yield from found
    except Exception as error:  # a loss from outside may fail in any way
        yield broken(Topic.of(f"fails_{name}", "contract"), error, where)
