"""What the stage shows for a link: a run, whose it is, and its settings as they are now."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from app.page.experiment_knobs import moved
from app.page.stage_component import StageResult
from app.page.url_state import Link
from app.page.widgets import help_of, limit_of, name_of, word_of
from app.trainer_client import trainer_client
from engine import Experiment, Panel
from losses import LOSSES, loss_title
from spec import Knob, Message, Refusal, knobs_of, text

#: Seconds until a run that was just started can be read; the trainer reads its data in that time.
_PATIENCE = 30.0


@dataclass(frozen=True)
class Showing:
    """A run, the token that lets this visitor move its knobs (``None``: an edit forks), and its settings now."""

    run: str
    owner: str | None
    experiment: Experiment
    classes: int


def show(link: Link) -> Showing:
    """Return what the stage shows: the run that the link names, else the run of its experiment.

    Raises ``Refusal`` where there is no such run or where it could not begin.
    """
    run = link.run or start(link.experiment)
    trainer_client().wait_opened(run, _PATIENCE)
    with trainer_client().library.open(run) as recording:
        experiment = Experiment.parse(recording.meta["experiment"])
        for edit in recording.edits:
            experiment = moved(experiment, edit.panel, edit.knob, edit.value)
        return Showing(run, _owners().get(run), experiment, len(recording.meta["classes"]))


def show_or_default(link: Link) -> tuple[Showing | None, Message | None]:
    """Return what the stage shows, and a sentence where it is not what the link asks for."""
    trouble: Message | None = None
    for asked in dict.fromkeys((link.run, "")):
        try:
            return show(replace(link, run=asked)), trouble
        except Refusal as refusal:
            trouble = trouble or refusal.message
    return None, trouble


def start(experiment: Experiment) -> str:
    """Return the run of an experiment, trained from now on if it was never before; keep the token of a new one."""
    started = trainer_client().start(experiment)
    own(started.id, started.owner)
    return started.id


def own(run: str, owner: str | None) -> None:
    """Remember the token of a run for this visit."""
    if owner:
        _owners()[run] = owner


def followed(link: Link, done: StageResult) -> Link:
    """Return the link after what was done on the stage: it names the run and its knobs as they are now."""
    if done.rested:
        link = replace(link, frame=done.rested.frame)
    if done.forked:
        own(done.forked.id, done.forked.owner)
        link = replace(link, run=done.forked.id, frame=None)
    if done.edited:
        edit = done.edited
        experiment = moved(link.experiment, edit.panel, edit.knob, edit.value)
        link = replace(link, run=link.run or edit.run, frame=None, experiment=experiment)
    return link


def stage_panels(showing: Showing, language: str) -> list[dict[str, Any]]:
    """Describe the panels of a run for the stage: titles, and the knobs that can be moved under each picture."""
    return [
        {
            "panel": place,
            "title": loss_title(LOSSES[panel.loss], language),
            "slug": panel.loss,
            "knobs": [_knob(knob, panel, showing, language) for knob in knobs_of(LOSSES[panel.loss])],
        }
        for place, panel in enumerate(showing.experiment.panels)
    ]


def _knob(knob: Knob, panel: Panel, showing: Showing, language: str) -> Mapping[str, Any]:
    return {
        "name": knob.name,
        "kind": knob.kind,
        "label": name_of(knob, language),
        "help": help_of(knob, panel.loss, language),
        "unit": knob.unit,
        "slider": list(knob.slider),
        "log": knob.log,
        "choices": list(knob.choices),
        "choice_labels": [word_of(knob, word, language) for word in knob.choices],
        "value": panel.knobs[knob.name],
        "limit": limit_of(knob, panel.make(), showing.classes, showing.experiment.dim),
        "limit_help": text("ui.studio.limit", language),
    }


def _owners() -> dict[str, str]:
    owners: dict[str, str] = st.session_state.setdefault("owners", {})
    return owners
