"""Verification: what each loss was checked against and what came out, from the results that come with the program."""

import streamlit as st

from app.page import navigation
from app.page.curves_controls import show_curve
from app.page.widgets import control
from engine import Panel
from losses import LOSSES, loss_title
from spec import Knob, text
from verification.report import Report, verdict
from verification.results import read_results

link = navigation.current_link()
language, slug, record = link.language, link.curve_panel.loss, read_results()
left, right = st.columns([6, 1], vertical_alignment="center")
with left:
    st.subheader(text("verify.page.title", language))
with right:
    navigation.language_switch(link)
st.caption(
    text(
        "verify.page.run",
        language,
        losses=len(record.reports),
        checks=sum(len(report.rows) for report in record.reports),
        compared=f"{sum(report.comparisons for report in record.reports):,}",
        day=record.day,
        versions=", ".join(f"{name} {version}" for name, version in record.versions.items()),
    )
)
with st.sidebar:
    control(
        Knob(name="loss", kind="choice", default=slug, choices=tuple(LOSSES)),
        slug,
        lambda slug: show_curve(Panel(loss=slug)),
        language=language,
        key="verified",
    )
    st.caption(text("verify.page.how", language))


def table(report: Report) -> None:
    """Show a report."""
    names = {name: text(f"verify.column.{name}", language) for name in ("ok", "check", "expected", "found")}
    names |= {name: text(f"verify.column.{name}", language) for name in ("deviation", "source")}
    rows = ((row.mark, row.check, row.expected, row.actual, row.bound, row.topic.source) for row in report.rows)
    cells = [[cell if isinstance(cell, str) else cell.render(language) for cell in row] for row in rows]
    st.table({name: list(column) for name, column in zip(names.values(), zip(*cells, strict=True), strict=True)})


if report := record.of(slug):
    (st.success if report.ok else st.error)(verdict(LOSSES[slug], report, language))
    table(report)
else:
    st.info(text("verify.page.own", language, title=loss_title(LOSSES[slug], language), slug=slug))
with st.expander(text("verify.page.all", language), icon=":material/list:"):
    for report in record.reports:
        st.markdown(f"{'✓' if report.ok else '✗'} {verdict(LOSSES[report.slug], report, language)}")
