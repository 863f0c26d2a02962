"""What was found of a loss, as a table with a row for each check."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from losses import Loss, loss_title
from spec import Message, text
from verification.comparison import Finding, Topic, worst

#: The start of the keys of what is compared with printed numbers.
_PRINTED = "verify.worked."

#: What is left of a printed number that is exact.
_ROUNDING = 1e-13


@final
@dataclass(frozen=True)
class Row:
    """What one check found: the first of its comparisons, or the worst where one fails; ``deviation`` is the worst."""

    topic: Topic
    expected: str
    found: str
    deviation: float
    allowed: float
    ok: bool
    compared: int
    where: str

    @property
    def check(self) -> Message:
        """What was compared, and how many numbers where it is more than one."""
        if self.compared == 1:
            return self.topic.check
        return Message.of("verify.row", check=self.topic.check, count=self.compared)

    @property
    def mark(self) -> str:
        """A tick or a cross."""
        return "✓" if self.ok else "✗"

    @property
    def bound(self) -> str:
        """The deviation where it is the same on every machine, else what it stays below."""
        if self.allowed == 0 or self.topic.check.key.startswith(_PRINTED):
            return f"{self.deviation:.0e}" if self.deviation > _ROUNDING else "0"
        return f"< {self.allowed:.0e}"

    @classmethod
    def of(cls, topic: Topic, findings: Sequence[Finding]) -> "Row":
        """Sum up the findings of one topic."""
        most, compared = worst(findings), sum(one.compared for one in findings)
        expected, found, deviation = findings[0].expected, findings[0].found, most.deviation
        if not most.ok:
            expected, found = most.expected, most.found
        elif most.allowed == 0:
            expected = found = str(compared)
        elif topic.check.key.startswith(_PRINTED):  # a few numbers, all of which can be shown
            expected, found = (" ".join(each) for each in zip(*((f.expected, f.found) for f in findings), strict=True))
        where = "" if most.ok else most.where
        return cls(topic, expected, found, deviation, most.allowed, most.ok, compared, where)


@final
@dataclass(frozen=True)
class Report:
    """A loss and what was found of it."""

    slug: str
    rows: tuple[Row, ...]

    @property
    def ok(self) -> bool:
        """Whether every check holds."""
        return all(row.ok for row in self.rows)

    @property
    def compared(self) -> int:
        """How many comparisons were made."""
        return sum(row.compared for row in self.rows)


def verdict(loss: type[Loss], report: Report, language: str = "en") -> str:
    """Sum up a report in one sentence."""
    return text(
        f"verify.said.{'holds' if report.ok else 'fails'}",
        language,
        title=loss_title(loss, language),
        checks=len(report.rows),
        failed=sum(not row.ok for row in report.rows),
        compared=report.compared,
    )
