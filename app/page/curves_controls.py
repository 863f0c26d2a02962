"""The controls of the curves page: which loss, compared with what, and where the samples of the run are."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from app.page import navigation
from app.page.experiment_knobs import Value, with_settings
from app.page.run_view import open_run_or_default
from app.page.stage_component import histogram
from app.page.url_state import MAX_REFERENCES, Link, write_value
from app.page.widgets import name_of, positions, word_of
from engine import Panel
from losses import LOSSES, loss_term
from plots.curves import LEFT, RIGHT, Reference, span
from spec import Knob, Refusal, knobs_of, text

#: How many values, spread over the slider, the list offers for comparison; others can be typed.
_SUGGESTIONS = 5


def show_curve(panel: Panel) -> None:
    """Show the curves of these knobs; another loss ends the comparison."""
    link = navigation.current_link()
    same = link.curve_panel.loss == panel.loss
    navigation.go(replace(link, curve=panel) if same else replace(link, curve=panel, compare="", against=()))


def compare_controls(link: Link) -> None:
    """Show what the curve is compared with: nothing, the default, or a few values of one knob."""
    language, panel = link.language, link.curve_panel
    knobs = {knob.name: knob for knob in knobs_of(LOSSES[panel.loss])}
    titles = {name: text(f"ui.curves.{name or 'nothing'}", language) for name in ("", "default")}
    titles |= {name: name_of(knob, language) for name, knob in knobs.items()}
    _set_widget("compare", link.compare)
    st.selectbox(
        text("ui.curves.compare", language),
        list(titles),
        key="compare",
        format_func=lambda name: titles[name],
        on_change=lambda: _compare(st.session_state["compare"], ()),
    )
    if knob := knobs.get(link.compare):
        words = [write_value(value) for value in link.against]
        key = f"against.{panel.loss}.{knob.name}"
        _set_widget(key, words)
        st.multiselect(
            text("ui.curves.against", language, limit=MAX_REFERENCES),
            list(dict.fromkeys([*map(write_value, _suggestions(knob)), *words])),
            key=key,
            max_selections=MAX_REFERENCES,
            accept_new_options=knob.kind in {"number", "whole"},
            format_func=lambda word: word_of(knob, word, language),
            on_change=lambda: _compare_values(knob, st.session_state[key]),
        )


def references(link: Link) -> tuple[Reference, ...]:
    """Return the losses whose curves are drawn faintly beside that of the link."""
    loss = link.curve_panel.make()
    if link.compare == "default":
        return (Reference(text("ui.curves.default", link.language), type(loss)()),)
    knobs = {knob.name: knob for knob in knobs_of(loss)}
    return tuple(
        Reference(
            f"{name_of(knobs[link.compare], link.language)} = "
            f"{word_of(knobs[link.compare], write_value(value), link.language)}",
            loss.replace(**{link.compare: value}),
        )
        for value in link.against
    )


def live_histogram(link: Link, variable: str) -> None:
    """Show where the samples of the open run lie on the axis of the curves, or how to open a run with this loss."""
    view, problem = open_run_or_default(link)
    panels = view.experiment.panels if view else ()
    places = [place for place, panel in enumerate(panels) if panel.loss == link.curve_panel.loss]
    if problem:
        st.error(problem.render(link.language))
    if not view or not places:
        st.info(text("ui.curves.no_run", link.language))
        experiment = with_settings(link.experiment, panels=(link.curve_panel,))
        st.page_link(
            "views/studio.py",
            label=text("ui.curves.open_studio", link.language),
            icon=":material/arrow_forward:",
            query_params=navigation.query_of(replace(link, experiment=experiment, run="", frame=None)),
        )
        return
    st.caption(text("ui.curves.live", link.language))
    loss = panels[places[0]].make()
    for branch in loss.branches:
        profile = loss.profile(branch)
        if profile.variable == variable:
            if len(loss.branches) > 1:
                st.caption(loss_term("branches", branch, link.language))
            histogram(
                run=view.run,
                language=link.language,
                panel=places[0],
                branch=branch,
                low=profile.low,
                high=profile.high,
                key=f"histogram.{branch}",
                view=span(link.curve_panel.make(), variable),
                margin=(LEFT, RIGHT),
            )


def _suggestions(knob: Knob) -> Sequence[Value]:
    if knob.kind == "switch":
        return (False, True)
    if knob.kind == "choice":
        return knob.choices
    places = positions(knob, knob.default)
    return [places[round(share * (len(places) - 1) / (_SUGGESTIONS - 1))] for share in range(_SUGGESTIONS)]


def _compare(name: str, values: tuple[Value, ...]) -> None:
    link = navigation.current_link()
    navigation.go(replace(link, curve=link.curve_panel if name else link.curve, compare=name, against=values))


def _compare_values(knob: Knob, words: Sequence[str]) -> None:
    try:
        _compare(knob.name, tuple(knob.parse(word) for word in words))
    except Refusal as refusal:
        navigation.leave_message(refusal.message)


def _set_widget(key: str, value: object) -> None:
    if st.session_state.get(key) != value:
        st.session_state[key] = value
