"""The tables of the benchmarks: rows of numbers with n, median and spread, and the machine."""

import json
import socket
import statistics
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.machine import machine, sentence

RESULTS = Path(__file__).resolve().parent / "results"


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def p95(numbers: list[float]) -> float:
    """Return the 95th percentile (the largest number, where there are fewer than 20)."""
    return sorted(numbers)[max(0, -(-95 * len(numbers) // 100) - 1)]


@dataclass
class Table:
    """The numbers of one benchmark, by row; ``write`` prints them and saves them as Markdown and JSON."""

    name: str
    title: str
    measure: str
    unit: str = ""
    rows: dict[str, list[float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, row: str, *numbers: float) -> None:
        """Add measurements to a row."""
        self.rows.setdefault(row, []).extend(numbers)

    def write(self, *, keep: bool = True) -> None:
        """Print the table and, with ``keep``, save it in ``benchmarks/results``."""
        described = machine()
        lines = [f"# {self.title}", ""]
        lines += [f"| {self.measure} | n | median | min | max | p95 |", "|---|---|---|---|---|---|"]
        for row, numbers in self.rows.items():
            shown = (statistics.median(numbers), min(numbers), max(numbers), p95(numbers))
            lines.append(f"| {row} | {len(numbers)} | " + " | ".join(f"{one:.4g}{self.unit}" for one in shown) + " |")
        lines += [""] + [f"{note}\n" for note in self.notes] + [sentence(described)]
        text = "\n".join(lines).rstrip() + "\n"
        print(text)
        if not keep:
            return
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{self.name}.md").write_text(text)
        body = {"title": self.title, "machine": described, "unit": self.unit, "rows": self.rows, "notes": self.notes}
        (RESULTS / f"{self.name}.json").write_text(json.dumps(body, indent=1) + "\n")
