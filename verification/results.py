"""The results of a verification as a file: reports, the day, and the versions of the packages."""

import json
import math
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any, final

from spec import Message
from verification.comparison import Topic
from verification.report import Report, Row

#: The packages that the numbers depend on, as far as they are installed.
_PACKAGES = ("torch", "numpy", "scikit-learn", "pytorch-metric-learning")

#: The file with the results that come with the program.
FILE = "results.json"


@final
@dataclass(frozen=True)
class Run:
    """The day of a verification, and the versions of the packages."""

    day: str
    versions: Mapping[str, str]

    @classmethod
    def today(cls) -> "Run":
        """Return the run that is made now, with the versions that are installed."""
        return cls(datetime.now(UTC).date().isoformat(), versions())


@final
@dataclass(frozen=True)
class Results:
    """The reports of losses, and when and with which versions they were made.

    ``alone`` names, by slug, the runs of losses that were verified by themselves at another time.
    """

    reports: tuple[Report, ...]
    versions: Mapping[str, str]
    day: str
    alone: Mapping[str, Run] = field(default_factory=dict)

    @classmethod
    def now(cls, reports: Sequence[Report]) -> "Results":
        """Return reports that were made just now, with the day and the versions."""
        run = Run.today()
        return cls(tuple(reports), run.versions, run.day)

    @classmethod
    def read(cls, content: str) -> "Results":
        """Read what ``write`` returns."""
        node = json.loads(content)
        reports = tuple(Report(slug, tuple(map(_row, rows))) for slug, rows in node["losses"].items())
        alone = {slug: Run(**run) for slug, run in node.get("alone", {}).items()}
        return cls(reports, node["versions"], node["day"], alone)

    def write(self) -> str:
        """Return the results as JSON, a row a line."""
        losses = ",\n".join(
            f"  {json.dumps(report.slug)}: [\n"
            + ",\n".join("   " + json.dumps(_node(row), ensure_ascii=False) for row in report.rows)
            + "\n  ]"
            for report in self.reports
        )
        head = f' "day": {json.dumps(self.day)},\n "versions": {json.dumps(self.versions)}'
        if self.alone:
            head += f',\n "alone": {json.dumps({slug: vars(run) for slug, run in self.alone.items()})}'
        return f'{{\n{head},\n "losses": {{\n{losses}\n }}\n}}\n'

    def of(self, slug: str) -> Report | None:
        """Return the report of a loss, if there is one."""
        return next((report for report in self.reports if report.slug == slug), None)

    def replace(self, reports: Sequence[Report], order: Iterable[str]) -> "Results":
        """Return the results with new reports of some losses, in an order of slugs; others are left out.

        A row that shows the same as before stays as it is, to the last digit. Day and versions change only with the
        rows: for all losses together where every loss in the order is new, else under ``alone``.
        """
        new = {report.slug: self._merge(report) for report in reports}
        changes = [slug for slug, report in new.items() if report != self.of(slug)]
        every = {report.slug: report for report in self.reports} | new
        order = [slug for slug in order if slug in every]
        merged = tuple(every[slug] for slug in order)
        run = Run.today()
        if changes and set(order) == set(new):
            return Results(merged, run.versions, run.day)
        alone = {**self.alone, **dict.fromkeys(changes, run)}
        return Results(merged, self.versions, self.day, {slug: alone[slug] for slug in order if slug in alone})

    def _merge(self, report: Report) -> Report:
        """Return a report whose rows are the old ones wherever they show the same."""
        before = self.of(report.slug)
        rows = {row.topic: row for row in before.rows} if before else {}
        merged = ((rows.get(row.topic), row) for row in report.rows)
        return Report(report.slug, tuple(old if old and _shows(old) == _shows(new) else new for old, new in merged))


@cache
def read_results() -> Results:
    """Return the results that come with the program; ``loss-geometry verify --write`` makes them."""
    return Results.read(files("verification").joinpath(FILE).read_text(encoding="utf-8"))


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that numbers depend on."""
    installed = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            installed[package] = version(package)
        except PackageNotFoundError:
            continue
    return installed


def _shows(row: Row) -> tuple[object, ...]:
    """Return what a reader sees of a row: all but the digits of a deviation that is rounding."""
    return row.expected, row.actual, row.bound, row.allowed, row.ok, row.comparisons, row.where


def _node(row: Row) -> dict[str, Any]:
    return {
        "check": _message_node(row.topic.check),
        "source": _message_node(row.topic.source),
        "expected": row.expected,
        "found": row.actual,
        "deviation": row.deviation if math.isfinite(row.deviation) else None,
        "allowed": row.allowed,
        "ok": row.ok,
        "compared": row.comparisons,
        "where": row.where,
    }


def _row(node: Mapping[str, Any]) -> Row:
    return Row(
        topic=Topic(_message(node["check"]), _message(node["source"])),
        expected=node["expected"],
        actual=node["found"],
        deviation=math.inf if node["deviation"] is None else node["deviation"],
        allowed=node["allowed"],
        ok=node["ok"],
        comparisons=node["compared"],
        where=node["where"],
    )


def _message_node(message: Message) -> dict[str, Any]:
    values = {name: _message_node(value) if isinstance(value, Message) else value for name, value in message.values}
    return {"key": message.key, **({"values": values} if values else {})}


def _message(node: Mapping[str, Any]) -> Message:
    values = {
        name: _message(value) if isinstance(value, dict) else value for name, value in node.get("values", {}).items()
    }
    return Message.of(node["key"], **values)
