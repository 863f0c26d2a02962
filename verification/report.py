"""The report of a verification: a table with a row for each check."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from losses import Loss, loss_title
from spec import Message, text
from verification.comparison import Finding, Topic, worst

#: The keys of reference numbers begin so.
_NUMBERS = "verify.worked."

#: A deviation below this is rounding: the reference number is exact.
_ROUNDING = 1e-13


@final
@dataclass(frozen=True)
class Row:
    """The result of one check: its first comparison, or the worst where one fails; ``deviation`` is the worst."""

    topic: Topic
    expected: str
    actual: str
    deviation: float
    allowed: float
    ok: bool
    comparisons: int
    where: str

    @property
    def check(self) -> Message:
        """The words of the check, with the count of numbers where it is more than one."""
        if self.comparisons == 1:
            return self.topic.check
        return Message.of("verify.row", check=self.topic.check, count=self.comparisons)

    @property
    def mark(self) -> str:
        """A tick or a cross."""
        return "✓" if self.ok else "✗"

    @property
    def bound(self) -> str:
        """The deviation where it is the same on every machine, else the tolerance that it stays below."""
        if self.allowed == 0 or self.topic.check.key.startswith(_NUMBERS):
            return f"{self.deviation:.0e}" if self.deviation > _ROUNDING else "0"
        return f"< {self.allowed:.0e}"

    @classmethod
    def of(cls, topic: Topic, findings: Sequence[Finding]) -> "Row":
        """Sum up the findings of one topic."""
        most, comparisons = worst(findings), sum(one.comparisons for one in findings)
        expected, actual, deviation = findings[0].expected, findings[0].actual, most.deviation
        if not most.ok:
            expected, actual = most.expected, most.actual
        elif most.allowed == 0:
            expected = actual = str(comparisons)
        elif topic.check.key.startswith(_NUMBERS):  # a few numbers, all of which can be shown
            expected, actual = (
                " ".join(each) for each in zip(*((f.expected, f.actual) for f in findings), strict=True)
            )
        where = "" if most.ok else most.where
        return cls(topic, expected, actual, deviation, most.allowed, most.ok, comparisons, where)


@final
@dataclass(frozen=True)
class Report:
    """A loss and the results of all its checks."""

    slug: str
    rows: tuple[Row, ...]

    @property
    def ok(self) -> bool:
        """Whether every check holds."""
        return all(row.ok for row in self.rows)

    @property
    def comparisons(self) -> int:
        """How many numbers were compared."""
        return sum(row.comparisons for row in self.rows)


def verdict(loss: type[Loss], report: Report, language: str = "en") -> str:
    """Sum up a report in one sentence."""
    return text(
        f"verify.said.{'holds' if report.ok else 'fails'}",
        language,
        title=loss_title(loss, language),
        checks=len(report.rows),
        failed=sum(not row.ok for row in report.rows),
        compared=report.comparisons,
    )
