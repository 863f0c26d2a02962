"""An experiment's own settings as knobs, and experiments with one thing changed."""

from collections.abc import Mapping
from dataclasses import replace

from app.presets import PRESETS
from engine import Experiment, Panel
from engine.config.edits import LEARNING_RATE
from engine.config.experiment import NUMBERS
from engine.nets import NETS
from spec import Knob

Value = float | int | str | bool

#: What an empty link shows.
DEFAULT = PRESETS[0].experiment


def _whole_knob(name: str, slider: tuple[int, int], *, log: bool = False) -> Knob:
    """Return a whole number of an experiment as a knob with a slider, and with the default of the page."""
    return replace(NUMBERS[name], default=getattr(DEFAULT, name), slider=slider, log=log)


#: The settings beside data and losses. As knobs, links and widgets treat them like every other knob.
SETTINGS = (
    Knob(name="net", kind="choice", default=DEFAULT.net, choices=tuple(NETS)),
    Knob(name="dim", kind="choice", default=str(DEFAULT.dim), choices=("2", "3")),
    LEARNING_RATE,
    _whole_knob("steps", (20, 5000), log=True),
    _whole_knob("batch", (8, 512), log=True),
    _whole_knob("seed", (0, 20)),
    _whole_knob("points", (100, 5000), log=True),
    _whole_knob("steps_per_frame", (1, 20)),
    Knob(name="mode", kind="choice", default=DEFAULT.mode, choices=("exact", "fast")),
)


def with_settings(experiment: Experiment, **settings: object) -> Experiment:
    """Return an experiment with other settings; raise ``Refusal`` where they do not fit.

    A new net starts with its knobs at their defaults.
    """
    if settings.get("net", experiment.net) != experiment.net:
        settings.setdefault("net_knobs", {})
    if "dim" in settings:
        settings["dim"] = int(str(settings["dim"]))
    fields = {name: getattr(experiment, name) for name in Experiment.model_fields}
    return Experiment.parse(fields | settings)


def with_panel(experiment: Experiment, place: int, panel: Panel | Mapping[str, object]) -> Experiment:
    """Return an experiment with another panel at a place, counted from 0."""
    panels = experiment.panels
    return with_settings(experiment, panels=(*panels[:place], panel, *panels[place + 1 :]))


def with_knob(experiment: Experiment, place: int | None, knob: str, value: Value) -> Experiment:
    """Return an experiment with another value of a knob: in one panel, or (``None``) in all panels that have it."""
    if knob == LEARNING_RATE.name:
        if place is None:
            panels = tuple({**dict(panel), "learning_rate": None} for panel in experiment.panels)
            return with_settings(experiment, learning_rate=value, panels=panels)
        return with_panel(experiment, place, {**dict(experiment.panels[place]), "learning_rate": value})
    for number, panel in enumerate(experiment.panels):
        if knob in panel.knobs and place in {None, number}:
            knobs = {**panel.knobs, knob: value}
            experiment = with_panel(experiment, number, {**dict(panel), "knobs": knobs})
    return experiment
