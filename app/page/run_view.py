"""The run that a link shows: which one it is, its settings as they are now, and what an edit on the stage does."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from app.page.experiment_knobs import with_knob
from app.page.stage_component import StageResult
from app.page.url_state import Link
from app.page.widgets import limit_of, name_of, word_of
from app.trainer_client import trainer_client
from engine import Experiment, Panel
from losses import LOSSES, knob_help, loss_title
from spec import Knob, Message, Refusal, knobs_of, text

#: Seconds until a new run can be read. The trainer loads its data in that time.
_OPENING_TIME = 30.0


@dataclass(frozen=True)
class RunView:
    """A run on the stage.

    ``owner`` is the token with which this visit may move its knobs; without one (``None``) an edit makes a fork.
    ``experiment`` has the values of the knobs after all edits; ``classes`` is the number of classes of its data.
    """

    run: str
    owner: str | None
    experiment: Experiment
    classes: int


def open_run(link: Link) -> RunView:
    """Return the run that the link names, else the run of its experiment, which is started where there is none.

    Raises ``Refusal`` where there is no such run or where it cannot start.
    """
    run = link.run or start_run(link.experiment)
    trainer_client().wait_opened(run, _OPENING_TIME)
    with trainer_client().library.open(run) as recording:
        experiment = Experiment.parse(recording.meta["experiment"])
        for edit in recording.edits:
            experiment = with_knob(experiment, edit.panel, edit.knob, edit.value)
        return RunView(run, _owners().get(run), experiment, len(recording.meta["classes"]))


def open_run_or_default(link: Link) -> tuple[RunView | None, Message | None]:
    """Return the run of a link, or of its experiment where the named run is missing; and what went wrong."""
    problem: Message | None = None
    for run in dict.fromkeys((link.run, "")):
        try:
            return open_run(replace(link, run=run)), problem
        except Refusal as refusal:
            problem = problem or refusal.message
    return None, problem


def start_run(experiment: Experiment) -> str:
    """Return the run of an experiment; train it where it was never trained, and remember the token of the new run."""
    run = trainer_client().start(experiment)
    _remember_owner(run.id, run.owner)
    return run.id


def apply_result(link: Link, result: StageResult) -> Link:
    """Return the link after what happened on the stage: it names the run, its knobs as they are now, and the frame."""
    if result.rest:
        link = replace(link, frame=result.rest.frame)
    if result.fork:
        _remember_owner(result.fork.id, result.fork.owner)
        link = replace(link, run=result.fork.id, frame=None)
    if edit := result.edit:
        experiment = with_knob(link.experiment, edit.panel, edit.knob, edit.value)
        link = replace(link, run=link.run or edit.run, frame=None, experiment=experiment)
    return link


def stage_panels(view: RunView, language: str) -> list[dict[str, Any]]:
    """Describe the panels of a run for the stage: titles, and the knobs under each picture."""
    return [
        {
            "panel": place,
            "title": loss_title(LOSSES[panel.loss], language),
            "slug": panel.loss,
            "knobs": [_describe_knob(knob, panel, view, language) for knob in knobs_of(LOSSES[panel.loss])],
        }
        for place, panel in enumerate(view.experiment.panels)
    ]


def _describe_knob(knob: Knob, panel: Panel, view: RunView, language: str) -> Mapping[str, Any]:
    return {
        "name": knob.name,
        "kind": knob.kind,
        "label": name_of(knob, language),
        "help": knob_help(LOSSES[panel.loss], knob, language) or None,
        "unit": knob.unit,
        "slider": list(knob.slider),
        "log": knob.log,
        "choices": list(knob.choices),
        "choice_labels": [word_of(knob, word, language) for word in knob.choices],
        "value": panel.knobs[knob.name],
        "limit": limit_of(knob, panel.make(), view.classes, view.experiment.dim),
        "limit_help": text("ui.studio.limit", language),
    }


def _remember_owner(run: str, owner: str | None) -> None:
    """Remember the token of a run for this visit."""
    if owner:
        _owners()[run] = owner


def _owners() -> dict[str, str]:
    owners: dict[str, str] = st.session_state.setdefault("owners", {})
    return owners
