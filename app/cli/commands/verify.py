"""The command ``loss-geometry verify``: run all checks of losses, and print or write the tables."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from app.cli.terminal import align
from engine.config.experiment import one_of
from losses import LOSSES, OURS, Loss, loss_title
from losses.catalogue import load
from spec import Message, Refusal, text
from verification.document import document
from verification.gaps import CATALOGUE, RESULTS, ROOT, gaps, is_orphan
from verification.other_code import METRIC_LEARNING, absence
from verification.report import Report, verdict
from verification.results import Results
from verification.run import verify

_COLUMNS = ("ok", "check", "expected", "found", "deviation", "source")


def run(options: argparse.Namespace) -> int:
    """Verify the losses that are named, or all of ours; return 1 where a check fails or a place is missing."""
    chosen = _select(options.slugs, options.loss)
    language: str = options.language
    if options.write:
        return _write(chosen, language)
    lacks = {slug: gaps(loss) for slug, loss in chosen.items()}
    # JSON stands alone on standard output
    _print_gaps(chosen, lacks, language, sys.stderr if options.json else sys.stdout)
    reports = []
    for loss in chosen.values():
        reports.append(verify(loss))
        if not options.json:
            print(_table(loss, reports[-1], language), end="\n\n")
    if options.json:
        print(Results.now(reports).write())
    else:
        for report in reports:
            print(verdict(chosen[report.slug], report, language))
    note = absence()
    if note and any(OURS.get(slug) is loss for slug, loss in chosen.items()):
        print(note.render(language), file=sys.stderr)
    return 0 if all(report.ok for report in reports) and not any(lacks.values()) else 1


def _select(slugs: Sequence[str], references: Sequence[str]) -> dict[str, type[Loss]]:
    if references:
        sys.path.append(str(Path.cwd()))  # where the module of a loss that is not installed lies
    own = {loss.slug: loss for loss in map(load, references)}
    for slug in slugs:
        if slug not in LOSSES and is_orphan(slug):
            raise Refusal("verify.gap.catalogue", slug=slug, file=CATALOGUE.as_posix())
    named = {slug: one_of("loss", slug, LOSSES) for slug in slugs}
    return named | own or dict(OURS)


def _print_gaps(
    chosen: Mapping[str, type[Loss]], lacks: Mapping[str, Sequence[Message]], language: str, where: TextIO
) -> None:
    """Print each gap in a line, then how many there are."""
    for slug, messages in lacks.items():
        for message in messages:
            print(f"✗  {message.render(language)}", file=where)
        if messages:
            total = text("verify.gap.total", language, title=loss_title(chosen[slug], language), count=len(messages))
            print(total, end="\n\n", file=where)


def _table(loss: type[Loss], report: Report, language: str) -> str:
    rows = [("", *(text(f"verify.column.{name}", language) for name in _COLUMNS[1:]))]
    notes = [""]
    for row in report.rows:
        check, source = row.check.render(language), row.topic.source.render(language)
        rows.append((row.mark, check, row.expected, row.actual, f"{row.deviation:.0e}", source))
        notes.append("" if row.ok else f"\n      {text('verify.note.where', language, where=row.where)}")
    lines = (line + note for line, note in zip(align(rows), notes, strict=True))
    return "\n".join([f"{loss_title(loss, language)} ({loss.slug})", *lines])


def _write(chosen: Mapping[str, type[Loss]], language: str) -> int:
    """Verify losses and write their rows of the results, and the page about the losses; then print what they lack."""
    for slug, loss in chosen.items():
        if OURS.get(slug) is not loss:
            raise Refusal("verify.said.write_ours", loss=slug)
    docs = ROOT / "docs"
    if not docs.is_dir():
        raise Refusal("verify.said.no_checkout", folder=docs)
    if absence():
        raise Refusal("verify.said.too_few", package=METRIC_LEARNING)
    path = ROOT / RESULTS
    reports = [verify(loss) for loss in chosen.values()]
    results = Results.read(path.read_text(encoding="utf-8")).replace(reports, OURS)
    content = {path: results.write(), docs / "losses.md": document(results)}
    for file, words in content.items():
        file.write_text(words, encoding="utf-8")
    print(text("verify.said.written", language, paths=", ".join(str(file) for file in content)))
    lacks = {slug: gaps(loss) for slug, loss in chosen.items()}
    _print_gaps(chosen, lacks, language, sys.stdout)
    for report in reports:
        if not report.ok:
            print(verdict(chosen[report.slug], report, language))
    return 0 if all(report.ok for report in reports) and not any(lacks.values()) else 1
