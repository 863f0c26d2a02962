"""An experiment's own settings as knobs, and experiments with something changed."""

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


def _slid(name: str, slider: tuple[int, int], *, log: bool = False) -> Knob:
    """Return a whole number of an experiment with a slider, and the default of the page."""
    return replace(NUMBERS[name], default=getattr(DEFAULT, name), slider=slider, log=log)


#: The settings beside data and losses, so that links and widgets treat them like every other knob.
SETTINGS = (
    Knob(name="net", kind="choice", default=DEFAULT.net, choices=tuple(NETS)),
    Knob(name="dim", kind="choice", default=str(DEFAULT.dim), choices=("2", "3")),
    LEARNING_RATE,
    _slid("steps", (20, 5000), log=True),
    _slid("batch", (8, 512), log=True),
    _slid("seed", (0, 20)),
    _slid("points", (100, 5000), log=True),
    _slid("steps_per_frame", (1, 20)),
    Knob(name="mode", kind="choice", default=DEFAULT.mode, choices=("exact", "fast")),
)


def changed(experiment: Experiment, **settings: object) -> Experiment:
    """Return an experiment with some settings changed; raise ``Refusal`` where they do not fit.

    Another net begins with its own knobs at their defaults.
    """
    if settings.get("net", experiment.net) != experiment.net:
        settings.setdefault("net_knobs", {})
    if "dim" in settings:
        settings["dim"] = int(str(settings["dim"]))
    fields = {name: getattr(experiment, name) for name in Experiment.model_fields}
    return Experiment.parse(fields | settings)


def with_panel(experiment: Experiment, place: int, panel: Panel | Mapping[str, object]) -> Experiment:
    """Return an experiment with another loss in one of its panels."""
    panels = experiment.panels
    return changed(experiment, panels=(*panels[:place], panel, *panels[place + 1 :]))


def moved(experiment: Experiment, place: int | None, knob: str, value: Value) -> Experiment:
    """Return an experiment with a knob moved: in one panel, or (``None``) in all that have it."""
    if knob == LEARNING_RATE.name:
        if place is None:
            panels = tuple({**dict(panel), "learning_rate": None} for panel in experiment.panels)
            return changed(experiment, learning_rate=value, panels=panels)
        return with_panel(experiment, place, {**dict(experiment.panels[place]), "learning_rate": value})
    for number, panel in enumerate(experiment.panels):
        if knob in panel.knobs and place in {None, number}:
            knobs = {**panel.knobs, knob: value}
            experiment = with_panel(experiment, number, {**dict(panel), "knobs": knobs})
    return experiment
