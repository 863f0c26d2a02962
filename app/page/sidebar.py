"""The sidebar's controls: what the next run is trained on, and with which losses."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import streamlit as st

from app.page import navigation
from app.page.experiment_knobs import SETTINGS, Value, with_panel, with_settings
from app.page.run_view import RunView, start_run
from app.page.url_state import MAX_PANELS, Link
from app.page.widgets import control
from engine import Experiment, Panel
from engine.nets import NETS, net_idea
from losses import LOSSES, Loss, loss_idea, loss_title
from spec import Knob, Message, Refusal, knobs_of, text
from toy_data import DATA_SETS, available

#: Seconds between two looks at which data sets are here.
_LOOK_EVERY = 60.0


@st.cache_resource(ttl=_LOOK_EVERY, show_spinner=False)
def missing_data() -> dict[str, Message]:
    """Return the data sets that cannot be loaded, each with the sentence that says how to get it."""
    return {slug: reason for slug, reason in available().items() if reason is not None}


def find_problem(experiment: Experiment, *, with_net: bool = False) -> Message | None:
    """Return why the data of an experiment cannot be loaded or (``with_net``) do not fit its net, or ``None``."""
    try:
        sample = experiment.data_set().load().train_x.shape[1:]
        if with_net:
            experiment.make_net().layout(sample, experiment.dim)
    except Refusal as refusal:
        return refusal.message
    return None


def train_button(link: Link, view: RunView | None) -> None:
    """Show the button that trains the settings; below it, whether the picture shows them or why they cannot be."""
    same = view is not None and view.experiment == link.experiment
    reason = find_problem(link.experiment, with_net=True)

    def train() -> None:
        link = navigation.current_link()
        try:
            navigation.go(replace(link, run=start_run(link.experiment), frame=None))
        except Refusal as refusal:
            navigation.leave_message(refusal.message)

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
    """Show the choice of the data set, its dials, and how to get a set that is not here."""
    experiment, missing = link.experiment, missing_data()
    control(
        Knob(name="data", kind="choice", default=experiment.data, choices=tuple(DATA_SETS)),
        experiment.data,
        lambda slug: _go(run, lambda now: with_settings(now, data=slug, dials={})),
        language=link.language,
        key="data",
        note=lambda slug: text("ui.studio.missing", link.language) if slug in missing else "",
    )
    if reason := find_problem(experiment):
        st.warning(reason.render(link.language))
    for dial in knobs_of(DATA_SETS[experiment.data]):
        control(
            dial,
            experiment.dials[dial.name],
            partial(_set_dial, run, dial.name),
            owner=f"data.{experiment.data}",
            language=link.language,
            key=f"data.{experiment.data}.{dial.name}",
        )


def panel_controls(link: Link, run: str) -> None:
    """Show how many losses stand side by side, and each loss with its knobs and its limits."""
    experiment = link.experiment
    control(
        Knob(name="panels", kind="choice", default="2", choices=tuple(str(k + 1) for k in range(MAX_PANELS))),
        str(min(len(experiment.panels), MAX_PANELS)),
        lambda count: _go(run, lambda now: _with_panel_count(now, int(count))),
        language=link.language,
        key="panels",
    )
    for place, panel in enumerate(experiment.panels[:MAX_PANELS]):
        with st.container(border=True):
            loss_controls(
                panel,
                partial(_set_panel, run, place),
                language=link.language,
                key=f"p{place + 1}",
            )
            _limits(panel.make(), experiment, link.language)


def training_controls(link: Link, run: str) -> None:
    """Show the net and its knobs, the dimension, and how it is trained."""
    for knob in SETTINGS:
        value = getattr(link.experiment, knob.name)
        control(
            knob,
            str(value) if knob.kind == "choice" else value,
            partial(_set, run, knob.name),
            language=link.language,
            key=knob.name,
        )
        if knob.name == "net":
            _net_controls(link, run)


def _net_controls(link: Link, run: str) -> None:
    """Show what the net is, and its knobs."""
    experiment = link.experiment
    st.caption(net_idea(NETS[experiment.net], link.language))
    for knob in knobs_of(NETS[experiment.net]):
        control(
            knob,
            experiment.net_knobs[knob.name],
            partial(_set_net_knob, run, knob.name),
            owner=f"nets.{experiment.net}",
            language=link.language,
            key=f"net.{experiment.net}.{knob.name}",
        )


def loss_controls(panel: Panel, change: Callable[[Panel], None], *, language: str, key: str) -> None:
    """Show the choice of a loss, what it is about, its settings, and its knobs."""

    def set_knob(name: str, value: Value) -> None:
        change(panel.model_copy(update={"knobs": {**panel.knobs, name: value}}))

    which = Knob(name="loss", kind="choice", default=panel.loss, choices=tuple(LOSSES))
    left, right = st.columns([3, 1], vertical_alignment="bottom", gap="small")
    with left:
        control(which, panel.loss, lambda slug: change(Panel(loss=slug)), language=language, key=key)
    with right, st.popover("", icon=":material/menu_book:", help=text("ui.studio.about", language)):
        _about(LOSSES[panel.loss], language)
    _setting(panel, change, language=language, key=f"{key}.{panel.loss}.setting")
    for knob in knobs_of(LOSSES[panel.loss]):
        control(
            knob,
            panel.knobs[knob.name],
            partial(set_knob, knob.name),
            owner=f"losses.{panel.loss}",
            language=language,
            key=f"{key}.{panel.loss}.{knob.name}",
        )


def _setting(panel: Panel, change: Callable[[Panel], None], *, language: str, key: str) -> None:
    """Show the named settings of a loss, where it has some, and which of them its knobs are at."""
    if not LOSSES[panel.loss].settings:
        return
    named = {"default": Panel(loss=panel.loss)}
    named |= {setting.slug: Panel(loss=panel.loss, knobs=setting.knobs) for setting in LOSSES[panel.loss].settings}
    current = next((slug for slug, candidate in named.items() if candidate == panel), "own")
    choices = (*named, "own") if current == "own" else tuple(named)
    control(
        Knob(name="setting", kind="choice", default="default", choices=choices),
        current,
        lambda slug: change(named.get(slug, panel)),
        language=language,
        key=key,
    )


def _about(loss: type[Loss], language: str) -> None:
    """Show what a loss is: its idea, its formula, and its source."""
    st.markdown(f"**{loss_title(loss, language)}**")
    st.markdown(loss_idea(loss, language))
    st.latex(loss.formula)
    st.caption(f"{loss.cite.authors}: [{loss.cite.title}]({loss.cite.url}), {loss.cite.year}, {loss.cite.where}")


def _limits(loss: Loss, experiment: Experiment, language: str) -> None:
    """Show a sentence for each thing that geometry forbids at these knobs, where the data are here."""
    try:
        classes = len(experiment.data_set().load().classes)
    except Refusal:
        return
    for advice in loss.advice(classes, experiment.dim):
        st.caption(f":orange[:material/info:] {advice.message.render(language)}")


def _go(run: str, change: Callable[[Experiment], Experiment]) -> None:
    """Change the experiment of the link, while the stage keeps the run that it shows."""
    link = navigation.current_link()
    navigation.go(replace(link, run=run or link.run, experiment=change(link.experiment)))


def _set(run: str, name: str, value: Value) -> None:
    _go(run, lambda now: with_settings(now, **{name: value}))


def _set_dial(run: str, name: str, value: Value) -> None:
    _go(run, lambda now: with_settings(now, dials={**now.dials, name: value}))


def _set_net_knob(run: str, name: str, value: Value) -> None:
    _go(run, lambda now: with_settings(now, net_knobs={**now.net_knobs, name: value}))


def _set_panel(run: str, place: int, panel: Panel) -> None:
    _go(run, lambda now: with_panel(now, place, panel))


def _with_panel_count(experiment: Experiment, count: int) -> Experiment:
    """Return the experiment with so many panels: its first ones, then losses that it does not have yet."""
    panels = list(experiment.panels[:count])
    others = [slug for slug in LOSSES if slug not in {panel.loss for panel in panels}]
    panels += [Panel(loss=slug) for slug in others[: count - len(panels)]]
    return with_settings(experiment, panels=tuple(panels))
