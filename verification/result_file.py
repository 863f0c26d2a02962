"""A run of the whole verification as a file: what was found, with which versions, and when."""

import json
import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any, final

from spec import Message
from verification.comparison import Topic
from verification.report import Report, Row

#: What the numbers depend on, as far as it is installed.
_PACKAGES = ("torch", "numpy", "scikit-learn", "pytorch-metric-learning")

#: The run that comes along with the program.
FILE = "record.json"


@final
@dataclass(frozen=True)
class Record:
    """Reports, the versions that they were made with, and the day."""

    reports: tuple[Report, ...]
    versions: Mapping[str, str]
    day: str

    @classmethod
    def now(cls, reports: Sequence[Report]) -> "Record":
        """Stamp reports that were just made."""
        return cls(tuple(reports), versions(), datetime.now(UTC).date().isoformat())

    @classmethod
    def read(cls, written: str) -> "Record":
        """Read what ``write`` wrote."""
        node = json.loads(written)
        reports = tuple(Report(slug, tuple(map(_row, rows))) for slug, rows in node["losses"].items())
        return cls(reports, node["versions"], node["day"])

    def write(self) -> str:
        """Write the record as JSON, a row a line."""
        losses = ",\n".join(
            f"  {json.dumps(report.slug)}: [\n"
            + ",\n".join("   " + json.dumps(_node(row), ensure_ascii=False) for row in report.rows)
            + "\n  ]"
            for report in self.reports
        )
        head = f' "day": {json.dumps(self.day)},\n "versions": {json.dumps(self.versions)}'
        return f'{{\n{head},\n "losses": {{\n{losses}\n }}\n}}\n'

    def of(self, slug: str) -> Report | None:
        """Return the report of a loss, if there is one."""
        return next((report for report in self.reports if report.slug == slug), None)


@cache
def recorded() -> Record:
    """Return the run that comes along with the program; it is made by ``loss-geometry verify --write``."""
    return Record.read(files("verification").joinpath(FILE).read_text(encoding="utf-8"))


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that numbers depend on."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _node(row: Row) -> dict[str, Any]:
    return {
        "check": _message_node(row.topic.check),
        "source": _message_node(row.topic.source),
        "expected": row.expected,
        "found": row.found,
        "deviation": row.deviation if math.isfinite(row.deviation) else None,
        "allowed": row.allowed,
        "ok": row.ok,
        "compared": row.compared,
        "where": row.where,
    }


def _row(node: Mapping[str, Any]) -> Row:
    plain = {name: value for name, value in node.items() if name not in {"check", "source", "deviation"}}
    deviation = math.inf if node["deviation"] is None else node["deviation"]
    return Row(topic=Topic(_message(node["check"]), _message(node["source"])), deviation=deviation, **plain)


def _message_node(message: Message) -> dict[str, Any]:
    values = {name: _message_node(value) if isinstance(value, Message) else value for name, value in message.values}
    return {"key": message.key, **({"values": values} if values else {})}


def _message(node: Mapping[str, Any]) -> Message:
    values = {
        name: _message(value) if isinstance(value, dict) else value for name, value in node.get("values", {}).items()
    }
    return Message.of(node["key"], **values)
