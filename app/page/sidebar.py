"""The sidebar's controls: what the next run is trained on, and with which losses."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import streamlit as st

from app.page import navigation
from app.page.experiment_knobs import SETTINGS, Value, changed, with_panel
from app.page.run_view import Showing, start
from app.page.url_state import MAX_PANELS, Link
from app.page.widgets import control
from engine import Experiment, Panel
from engine.nets import NETS, net_idea
from losses import LOSSES, Loss, loss_idea, loss_title
from spec import Knob, Message, Refusal, knobs_of, text
from toy_data import DATA_SETS, available

#: Seconds for which it is taken as known which data sets are here.
_KNOWN = 60.0


@st.cache_resource(ttl=_KNOWN, show_spinner=False)
def missing() -> dict[str, Message]:
    """Return the data sets that cannot be loaded, each with the sentence that says how to get it."""
    return {slug: reason for slug, reason in available().items() if reason is not None}


def trouble(experiment: Experiment, *, with_net: bool = False) -> Message | None:
    """Return why the data of an experiment cannot be loaded, or its net cannot take them, or ``None``."""
    try:
        sample = experiment.data_set().load().train_x.shape[1:]
        if with_net:
            experiment.make_net().layout(sample, experiment.dim)
    except Refusal as refusal:
        return refusal.message
    return None


def train_button(link: Link, showing: Showing | None) -> None:
    """Show the button that trains the settings, and whether the picture shows them already or what is in the way."""
    same = showing is not None and showing.experiment == link.experiment
    reason = trouble(link.experiment, with_net=True)

    def train() -> None:
        now = navigation.now()
        try:
            navigation.go(replace(now, run=start(now.experiment), frame=None))
        except Refusal as refusal:
            navigation.say(refusal.message)

    st.button(
        text("ui.studio.train", link.language),
        key="train",
        type="secondary" if same else "primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=reason is not None,
        on_click=train,
    )
    hint = text("ui.studio.same" if same else "ui.studio.changed", link.language)
    st.caption(reason.render(link.language) if reason else hint)


def data_controls(link: Link, run: str) -> None:
    """Show the choice of the data set and its dials; of a set that is not here, how to get it."""
    experiment, gone = link.experiment, missing()
    control(
        Knob(name="data", kind="choice", default=experiment.data, choices=tuple(DATA_SETS)),
        experiment.data,
        lambda slug: _go(run, lambda now: changed(now, data=slug, dials={})),
        owner="",
        language=link.language,
        key="data",
        note=lambda slug: text("ui.studio.missing", link.language) if slug in gone else "",
    )
    if reason := trouble(experiment):
        st.warning(reason.render(link.language))
    for dial in knobs_of(DATA_SETS[experiment.data]):
        control(
            dial,
            experiment.dials[dial.name],
            partial(_dial, run, dial.name),
            owner="",
            language=link.language,
            key=f"data.{experiment.data}.{dial.name}",
        )


def panel_controls(link: Link, run: str) -> None:
    """Show how many losses stand side by side, and each one with its knobs, its limits and what it is about."""
    experiment = link.experiment
    control(
        Knob(name="panels", kind="choice", default="2", choices=tuple(str(k + 1) for k in range(MAX_PANELS))),
        str(min(len(experiment.panels), MAX_PANELS)),
        lambda count: _go(run, lambda now: _resized(now, int(count))),
        owner="",
        language=link.language,
        key="panels",
    )
    for place, panel in enumerate(experiment.panels[:MAX_PANELS]):
        with st.container(border=True):
            loss_controls(
                panel,
                partial(_put, run, place),
                language=link.language,
                key=f"p{place + 1}",
            )
            _advise(panel.make(), experiment, link.language)


def training_controls(link: Link, run: str) -> None:
    """Show the net and its knobs, the dimension, and how it is trained."""
    for knob in SETTINGS:
        value = getattr(link.experiment, knob.name)
        control(
            knob,
            str(value) if knob.kind == "choice" else value,
            partial(_set, run, knob.name),
            owner="",
            language=link.language,
            key=knob.name,
        )
        if knob.name == "net":
            _net_controls(link, run)


def _net_controls(link: Link, run: str) -> None:
    """Say what the chosen net is, and show its knobs."""
    experiment = link.experiment
    st.caption(net_idea(NETS[experiment.net], link.language))
    for knob in knobs_of(NETS[experiment.net]):
        control(
            knob,
            experiment.net_knobs[knob.name],
            partial(_net_knob, run, knob.name),
            owner=experiment.net,
            language=link.language,
            key=f"net.{experiment.net}.{knob.name}",
        )


def loss_controls(panel: Panel, change: Callable[[Panel], None], *, language: str, key: str) -> None:
    """Show the choice of a loss, what it is about, and its knobs."""

    def turn(name: str, value: Value) -> None:
        change(panel.model_copy(update={"knobs": {**panel.knobs, name: value}}))

    which = Knob(name="loss", kind="choice", default=panel.loss, choices=tuple(LOSSES))
    left, right = st.columns([3, 1], vertical_alignment="bottom", gap="small")
    with left:
        control(which, panel.loss, lambda slug: change(Panel(loss=slug)), owner="", language=language, key=key)
    with right, st.popover("", icon=":material/menu_book:", help=text("ui.studio.about", language)):
        _about(LOSSES[panel.loss], language)
    _setting(panel, change, language=language, key=f"{key}.{panel.loss}.setting")
    for knob in knobs_of(LOSSES[panel.loss]):
        control(
            knob,
            panel.knobs[knob.name],
            partial(turn, knob.name),
            owner=panel.loss,
            language=language,
            key=f"{key}.{panel.loss}.{knob.name}",
        )


def _setting(panel: Panel, change: Callable[[Panel], None], *, language: str, key: str) -> None:
    """Show which setting of a loss its knobs are, and let another be taken, where the loss has settings."""
    if not LOSSES[panel.loss].settings:
        return
    named = {"default": Panel(loss=panel.loss)}
    named |= {each.slug: Panel(loss=panel.loss, knobs=each.knobs) for each in LOSSES[panel.loss].settings}
    here = next((slug for slug, setting in named.items() if setting == panel), "own")
    control(
        Knob(name="setting", kind="choice", default="default", choices=(*named, *(["own"] if here == "own" else []))),
        here,
        lambda slug: change(named.get(slug, panel)),
        owner="",
        language=language,
        key=key,
    )


def _about(loss: type[Loss], language: str) -> None:
    """Tell what a loss is: its idea, its formula, and where it comes from."""
    st.markdown(f"**{loss_title(loss, language)}**")
    st.markdown(loss_idea(loss, language))
    st.latex(loss.formula)
    st.caption(f"{loss.cite.authors}: [{loss.cite.title}]({loss.cite.url}), {loss.cite.year}, {loss.cite.where}")


def _advise(loss: Loss, experiment: Experiment, language: str) -> None:
    """Say in a sentence each what geometry forbids at these knobs, unless the data are not to be had."""
    try:
        classes = len(experiment.data_set().load().classes)
    except Refusal:
        return
    for advice in loss.advice(classes, experiment.dim):
        st.caption(f":orange[:material/info:] {advice.message.render(language)}")


def _go(run: str, change: Callable[[Experiment], Experiment]) -> None:
    """Describe another experiment, while the stage goes on with the run that it shows."""
    now = navigation.now()
    navigation.go(replace(now, run=run or now.run, experiment=change(now.experiment)))


def _set(run: str, name: str, value: Value) -> None:
    _go(run, lambda now: changed(now, **{name: value}))


def _dial(run: str, name: str, value: Value) -> None:
    _go(run, lambda now: changed(now, dials={**now.dials, name: value}))


def _net_knob(run: str, name: str, value: Value) -> None:
    _go(run, lambda now: changed(now, net_knobs={**now.net_knobs, name: value}))


def _put(run: str, place: int, panel: Panel) -> None:
    _go(run, lambda now: with_panel(now, place, panel))


def _resized(experiment: Experiment, count: int) -> Experiment:
    """Return the experiment with so many panels: the first ones, then losses that are not there yet."""
    panels = list(experiment.panels[:count])
    others = [slug for slug in LOSSES if slug not in {panel.loss for panel in panels}]
    panels += [Panel(loss=slug) for slug in others[: count - len(panels)]]
    return changed(experiment, panels=tuple(panels))
