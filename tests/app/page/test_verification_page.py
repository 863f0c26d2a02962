"""The page and the command of the verification."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.cli.main import main
from app.page.url_state import Link, write
from engine import Panel
from losses import OURS, loss_title
from spec import LANGUAGES, text
from verification.report import verdict
from verification.results import read_results

MAIN = str(Path(__file__).parents[3] / "app" / "main.py")


def opened(slug, language="en"):
    page = AppTest.from_file(MAIN, default_timeout=60)
    page.run()
    page.switch_page("views/verification.py")
    page.query_params.clear()
    page.query_params.update(write(Link(language=language, curve=Panel(loss=slug))))
    page.run()
    assert not page.exception
    assert not page.error
    assert not page.warning
    return page


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_loss_has_its_table(language):
    page = opened("softmax", language)
    for slug in OURS:
        page.selectbox(key="verified").set_value(slug).run()
        assert not page.exception
        assert page.query_params["curve"] == slug
        report = read_results().of(slug)
        assert [box.value for box in page.success] == [verdict(OURS[slug], report, language)]
        table = page.table[0].value
        assert list(table[text("verify.column.check", language)]) == [row.check.render(language) for row in report.rows]
        assert list(table[text("verify.column.found", language)]) == [row.actual for row in report.rows]
        assert set(table[text("verify.column.ok", language)]) == {"✓"}
    captions = " ".join(caption.value for caption in page.caption)
    assert read_results().day in captions
    assert f"torch {read_results().versions['torch']}" in captions


def test_a_check_that_failed_is_shown_as_failed(monkeypatch):
    record = read_results()
    report = record.of("hinge")
    bad = replace(report, rows=(replace(report.rows[0], ok=False), *report.rows[1:]))
    reports = tuple(bad if one.slug == "hinge" else one for one in record.reports)
    monkeypatch.setattr("verification.results.read_results", lambda: replace(record, reports=reports))
    page = AppTest.from_file(MAIN, default_timeout=60)
    page.run()
    page.switch_page("views/verification.py")
    page.query_params.update(write(Link(curve=Panel(loss="hinge"))))
    page.run()
    assert [box.value for box in page.error] == [verdict(OURS["hinge"], bad)]
    assert next(iter(page.table[0].value[text("verify.column.ok")])) == "✗"


def test_the_command_prints_tables_and_sums_up(capsys):
    assert main(["verify", "hinge", "huber"]) == 0
    said = capsys.readouterr().out.splitlines()
    for slug in ("hinge", "huber"):
        assert f"{loss_title(OURS[slug])} ({slug})" in said
    assert sum(line.startswith("✓") for line in said) == sum(len(read_results().of(s).rows) for s in ("hinge", "huber"))
    assert said[-2].startswith("Hinge: ")
    assert said[-2].endswith("numbers compared.")


def test_the_command_prints_json(capsys):
    assert main(["verify", "hinge", "--json"]) == 0
    node = json.loads(capsys.readouterr().out)
    assert [row["ok"] for row in node["losses"]["hinge"]] == [True] * len(read_results().of("hinge").rows)
    assert "torch" in node["versions"]


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("arkface", "loss is 'arkface', but must be one of: softmax"),
        ("--loss arkface", "write it as PACKAGE:CLASS"),
        ("--loss nowhere:Loss", "cannot be imported: ModuleNotFoundError"),
        ("--loss poly_1:Poly1 --write", "poly_1 is not one of them"),
    ],
)
def test_wrong_input_gets_one_sentence(line, part, capsys, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])  # the command adds the folder where one is
    monkeypatch.chdir(Path(MAIN).parents[1] / "examples" / "poly_1")
    assert main(["verify", *line.split()]) == 2
    said = capsys.readouterr().err.strip()
    assert part in said
    assert "\n" not in said
