"""Run all checks of a loss."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from losses import OURS, Loss
from verification.cases import Knobs, corners, limits, side_by_side
from verification.closed_form import closed_form, curves, weights
from verification.comparison import Finding, Topic, crash, knob_list
from verification.contract import description, observes, order, precise, pure, reaches, refuses, tensor_knobs, value
from verification.extremes import extremes
from verification.geometry import head, ranks, shapes
from verification.references import Reference, references_of
from verification.report import Report, Row

_Check = Callable[[type[Loss], Knobs], Iterator[Finding]]


def _defaults(loss: type[Loss]) -> Sequence[Knobs]:
    return ({},)


#: What every loss is held against, by name: the knobs, and the check.
CHECKS: Mapping[str, tuple[Callable[[type[Loss]], Sequence[Knobs]], _Check]] = {
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
    "described": (_defaults, description),
    "value": (corners, value),
    "refuses": (_defaults, refuses),
}


def references(loss: type[Loss]) -> Sequence[Reference]:
    """Return the references of one of our losses; none for a loss from outside."""
    return references_of(loss.slug) if OURS.get(loss.slug) is loss else ()


def findings(name: str, loss: type[Loss]) -> Iterator[Finding]:
    """Yield the findings of one check at all its knobs."""
    settings, check = CHECKS[name]
    for knobs in settings(loss):
        yield from _guard(name, knob_list(knobs), check(loss, knobs))


def all_findings(loss: type[Loss]) -> Iterator[Finding]:
    """Yield all findings of a loss: its own references first, then what every loss owes."""
    for row in references(loss):
        yield from _guard("known", row.name, row.findings(loss))
    for name in CHECKS:
        yield from findings(name, loss)
    for panels in side_by_side(loss):
        yield from _guard("tensor_knobs", knob_list(panels[0]), tensor_knobs(loss, panels))


def verify(loss: type[Loss]) -> Report:
    """Run every check of a loss, and sum up."""
    topics: dict[Topic, list[Finding]] = {}
    for finding in all_findings(loss):
        topics.setdefault(finding.topic, []).append(finding)
    return Report(loss.slug, tuple(Row.of(topic, group) for topic, group in topics.items()))


def _guard(name: str, where: str, check: Iterator[Finding]) -> Iterator[Finding]:
    """Yield the findings of a check; an error in it becomes a finding as well."""
    try:
        yield from check
    except Exception as error:  # a loss from outside may fail in any way
        yield crash(Topic.of(f"fails_{name}", "contract"), error, where)
