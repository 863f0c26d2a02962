"""``loss-geometry verify``: check losses against papers, autograd, limits and others' code; print or write tables."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import verification
from app.cli.terminal import align
from engine.config.experiment import one_of
from losses import LOSSES, OURS, Loss, loss_title
from losses.catalogue import load
from spec import Refusal, text
from verification.document import document
from verification.independent import missing
from verification.report import Report, verdict
from verification.result_file import FILE, Record
from verification.run import verify

_COLUMNS = ("ok", "check", "expected", "found", "deviation", "source")


def run(options: argparse.Namespace) -> int:
    """Verify the named losses, or all of ours; return 1 where a check fails."""
    if options.write and (options.slugs or options.loss):
        raise Refusal("verify.said.write_all")
    losses = _select(options.slugs, options.loss)
    language: str = options.language
    quiet = options.json or options.write
    reports = []
    for loss in losses.values():
        reports.append(verify(loss))
        if not quiet:
            print(_table(loss, reports[-1], language), end="\n\n")
    if options.json:
        print(Record.now(reports).write())
    elif options.write:
        print(text("verify.said.written", language, paths=", ".join(str(path) for path in _write(reports))))
    else:
        for report in reports:
            print(verdict(losses[report.slug], report, language))
    note = missing()
    if note and any(OURS.get(slug) is loss for slug, loss in losses.items()):
        print(note.render(language), file=sys.stderr)
    return 0 if all(report.ok for report in reports) else 1


def _select(slugs: Sequence[str], references: Sequence[str]) -> dict[str, type[Loss]]:
    """Return the losses with these slugs and those at these references (``package:Class``); by default all of ours."""
    if references:
        sys.path.append(str(Path.cwd()))  # for a module that is not installed
    own = {loss.slug: loss for loss in map(load, references)}
    named = {slug: one_of("loss", slug, LOSSES) for slug in slugs}
    return named | own or dict(OURS)


def _table(loss: type[Loss], report: Report, language: str) -> str:
    rows = [("", *(text(f"verify.column.{name}", language) for name in _COLUMNS[1:]))]
    notes = [""]
    for row in report.rows:
        check, source = row.check.render(language), row.topic.source.render(language)
        rows.append((row.mark, check, row.expected, row.found, f"{row.deviation:.0e}", source))
        notes.append("" if row.ok else f"\n      {text('verify.note.where', language, where=row.where)}")
    lines = (line + note for line, note in zip(align(rows), notes, strict=True))
    return "\n".join([f"{loss_title(loss, language)} ({loss.slug})", *lines])


def _write(reports: Sequence[Report]) -> Sequence[Path]:
    """Write the results that come along with the program, and the page about the losses; return both paths."""
    package = Path(verification.__file__).parent
    docs = package.parent / "docs"
    if not docs.is_dir():
        raise Refusal("verify.said.no_checkout", folder=docs)
    if missing():
        raise Refusal("verify.said.too_few", package="pytorch-metric-learning")
    record = Record.now(reports)
    contents = {package / FILE: record.write(), docs / "losses.md": document(record)}
    for path, content in contents.items():
        path.write_text(content, encoding="utf-8")
    return tuple(contents)
