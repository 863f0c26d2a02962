"""Edits: a knob that moves while a run trains, and the check of an edit that comes from outside."""

from dataclasses import dataclass

from engine.config.experiment import Experiment
from losses import LOSSES
from spec import Knob, Refusal

Value = float | int | str | bool

#: The optimiser's learning rate, which can be moved like a loss's knob.
LEARNING_RATE = Knob(
    name="learning_rate", kind="number", default=0.01, symbol="\\eta", low=1e-6, high=1.0, slider=(1e-4, 0.1), log=True
)


@dataclass(frozen=True)
class Edit:
    """A knob that moves after ``step`` steps, in one panel or (``None``) in all that have it.

    The knob ``learning_rate`` is the optimiser's.
    """

    step: int
    panel: int | None
    knob: str
    value: float | int | str | bool


def check_edit(experiment: Experiment, panel: int | None, name: str, value: object) -> Value:
    """Return the value in the knob's own type; raise ``Refusal`` where panel, knob or value does not exist there.

    ``panel`` ``None`` means every panel that has the knob; the value must be allowed in all of them.
    """
    count = len(experiment.panels)
    if panel is not None and not 0 <= panel < count:
        raise Refusal("server.panel_range", found=panel, last=count - 1)
    panels = experiment.panels if panel is None else experiment.panels[panel : panel + 1]
    if name == LEARNING_RATE.name:
        return LEARNING_RATE.check(value)
    knobs = [knob for each in panels for knob in LOSSES[each.loss].knobs()]
    candidates: list[Knob] = [knob for knob in knobs if knob.name == name]
    if not candidates:
        allowed = ", ".join(dict.fromkeys([LEARNING_RATE.name, *(knob.name for knob in knobs)]))
        raise Refusal("server.no_such_knob", name=repr(name[:40]), allowed=allowed)
    return [knob.check(value) for knob in candidates][-1]
