"""The controls and the live part of the curves: which loss, against what, and where the run's samples are."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from app.page import navigation
from app.page.experiment_knobs import Value, changed
from app.page.run_view import show_or_default
from app.page.stage_component import histogram
from app.page.url_state import MAX_REFERENCES, Link, shown
from app.page.widgets import name_of, positions, word_of
from engine import Panel
from losses import LOSSES, loss_term
from plots.curves import LEFT, RIGHT, Reference, span
from spec import Knob, Refusal, knobs_of, text

#: So many values spread over the slider are offered for comparison, beside those of one's own.
_OFFERED = 5


def set_curve(panel: Panel) -> None:
    """Show the curves of another loss; a comparison stays as long as the loss does."""
    now = navigation.now()
    same = now.curved.loss == panel.loss
    navigation.go(replace(now, curve=panel) if same else replace(now, curve=panel, compare="", against=()))


def compare_controls(link: Link) -> None:
    """Show what the curve is compared with: nothing, the default, or a few values of one knob."""
    language, panel = link.language, link.curved
    knobs = {knob.name: knob for knob in knobs_of(LOSSES[panel.loss])}
    titles = {name: text(f"ui.curves.{name or 'nothing'}", language) for name in ("", "default")}
    titles |= {name: name_of(knob, language) for name, knob in knobs.items()}
    _keep("compare", link.compare)
    st.selectbox(
        text("ui.curves.compare", language),
        list(titles),
        key="compare",
        format_func=lambda name: titles[name],
        on_change=lambda: _compare(st.session_state["compare"], ()),
    )
    if knob := knobs.get(link.compare):
        words = [shown(value) for value in link.against]
        key = f"against.{panel.loss}.{knob.name}"
        _keep(key, words)
        st.multiselect(
            text("ui.curves.against", language, limit=MAX_REFERENCES),
            list(dict.fromkeys([*map(shown, _offered(knob)), *words])),
            key=key,
            max_selections=MAX_REFERENCES,
            accept_new_options=knob.kind in {"number", "whole"},
            format_func=lambda word: word_of(knob, word, language),
            on_change=lambda: _against(knob, st.session_state[key]),
        )


def references(link: Link) -> tuple[Reference, ...]:
    """Return the losses that are drawn faintly beside the one in question."""
    loss = link.curved.make()
    if link.compare == "default":
        return (Reference(text("ui.curves.default", link.language), type(loss)()),)
    knobs = {knob.name: knob for knob in knobs_of(loss)}
    return tuple(
        Reference(
            f"{name_of(knobs[link.compare], link.language)} = "
            f"{word_of(knobs[link.compare], shown(value), link.language)}",
            loss.replace(**{link.compare: value}),
        )
        for value in link.against
    )


def live_histogram(link: Link, variable: str) -> None:
    """Show where the samples of the open run are on the axis of the curves, or how to open such a run."""
    showing, trouble = show_or_default(link)
    panels = showing.experiment.panels if showing else ()
    places = [place for place, panel in enumerate(panels) if panel.loss == link.curved.loss]
    if trouble:
        st.error(trouble.render(link.language))
    if not showing or not places:
        st.info(text("ui.curves.no_run", link.language))
        experiment = changed(link.experiment, panels=(link.curved,))
        st.page_link(
            "views/studio.py",
            label=text("ui.curves.open_studio", link.language),
            icon=":material/arrow_forward:",
            query_params=navigation.query_of(replace(link, experiment=experiment, run="", frame=None)),
        )
        return
    st.caption(text("ui.curves.live", link.language))
    trained = panels[places[0]].make()
    for branch in trained.branches:
        profile = trained.profile(branch)
        if profile.variable == variable:
            if len(trained.branches) > 1:
                st.caption(loss_term("branches", branch, link.language))
            histogram(
                run=showing.run,
                language=link.language,
                panel=places[0],
                branch=branch,
                low=profile.low,
                high=profile.high,
                key=f"histogram.{branch}",
                view=span(link.curved.make(), variable),
                margin=(LEFT, RIGHT),
            )


def _offered(knob: Knob) -> Sequence[Value]:
    if knob.kind == "switch":
        return (False, True)
    if knob.kind == "choice":
        return knob.choices
    places = positions(knob, knob.default)
    return [places[round(share * (len(places) - 1) / (_OFFERED - 1))] for share in range(_OFFERED)]


def _compare(name: str, values: tuple[Value, ...]) -> None:
    now = navigation.now()
    navigation.go(replace(now, curve=now.curved if name else now.curve, compare=name, against=values))


def _against(knob: Knob, words: Sequence[str]) -> None:
    try:
        _compare(knob.name, tuple(knob.parse(word) for word in words))
    except Refusal as refusal:
        navigation.say(refusal.message)


def _keep(key: str, value: object) -> None:
    if st.session_state.get(key) != value:
        st.session_state[key] = value
