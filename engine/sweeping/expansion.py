"""From a grid to its settings: which knobs a name in the grid means, and the product of the values."""

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count, product
from typing import Any, final

from engine.config.edits import LEARNING_RATE
from engine.config.experiment import NUMBERS as EXPERIMENT_NUMBERS
from engine.config.experiment import Experiment, Panel
from engine.sweeping.grid import DIAL, NET, NUMBERS
from spec import Knob, Refusal
from spec.knobs import Value

#: The values of each name in the grid.
Values = Mapping[str, tuple[Value, ...]]


@final
@dataclass(frozen=True, eq=False)
class Setting:
    """A loss with all its knobs, its learning rate, and what the experiment has besides.

    ``learning_rate`` is ``None`` where it is the experiment's. ``dials`` are the data set's, ``net_knobs`` the net's,
    and ``numbers`` the experiment's ``dim``, ``batch`` and ``steps``.
    """

    number: int
    loss: str
    knobs: Mapping[str, Value]
    learning_rate: float | None
    dials: Mapping[str, Value]
    net_knobs: Mapping[str, Value]
    numbers: Mapping[str, int]

    @property
    def panel(self) -> Panel:
        """The panel that is trained."""
        return Panel(loss=self.loss, knobs=self.knobs, learning_rate=self.learning_rate)

    @property
    def common(self) -> tuple[Any, ...]:
        """What must be equal in settings that are trained side by side."""
        return tuple(tuple(each.items()) for each in (self.dials, self.net_knobs, self.numbers))

    @property
    def identity(self) -> tuple[Any, ...]:
        """Everything but the number; equal where two settings are the same."""
        return self.loss, tuple(self.knobs.items()), self.learning_rate, self.common

    def experiment(self, base: Experiment, **changes: Any) -> Experiment:
        """Return the experiment ``base`` with this panel alone, data, net and numbers, and with other ``changes``."""
        own = {"panels": (self.panel,), "dials": self.dials, "net_knobs": self.net_knobs, **self.numbers}
        return Experiment.parse(dict(base) | own | changes)


@final
@dataclass(frozen=True, eq=False)
class Trial:
    """A setting under a seed: row ``number`` of the table."""

    number: int
    setting: Setting
    seed: int


def find_knobs(experiment: Experiment, name: str) -> list[Knob]:
    """Return the knobs that a name in the grid means: one that all losses share, or those of the losses that have it.

    Raises ``Refusal`` where there is none.
    """
    common = _common_knobs(experiment)
    if name in common:
        return [common[name]]
    knobs = [knob for panel in experiment.panels for knob in panel.make().knobs()]
    same = [knob for knob in knobs if knob.name == name]
    if not same:
        allowed = dict.fromkeys([*(knob.name for knob in knobs), *common])
        raise Refusal("sweep.unknown_knob", name=repr(name)[:40], allowed=", ".join(allowed))
    return same


def count_settings(experiment: Experiment, values: Values) -> int:
    """Return how many settings ``expand`` yields."""
    names = _names_by_panel(experiment, values)
    return sum(math.prod(len(values[name]) for name in own) for own in names)


def expand(experiment: Experiment, values: Values) -> Iterator[Setting]:
    """Yield every setting: loss after loss, each with the product of its values, the last knob moving fastest."""
    numbers = count()
    for panel, names in zip(experiment.panels, _names_by_panel(experiment, values), strict=True):
        for combination in product(*(values[name] for name in names)):
            rest: dict[str, Any] = dict(zip(names, combination, strict=True))
            rate = rest.pop(LEARNING_RATE.name, panel.learning_rate)
            dials, net_knobs = _pop_prefix(DIAL, rest), _pop_prefix(NET, rest)
            sizes = {name: int(rest.pop(name, getattr(experiment, name))) for name in NUMBERS}
            yield Setting(
                number=next(numbers),
                loss=panel.loss,
                knobs={**panel.knobs, **rest},
                learning_rate=None if rate is None else float(rate),
                dials={**experiment.dials, **dials},
                net_knobs={**experiment.net_knobs, **net_knobs},
                numbers=sizes,
            )


def _common_knobs(experiment: Experiment) -> Mapping[str, Knob]:
    """Return what a grid may have for every loss. Where a loss has a knob of the same name, this one is meant."""
    net_knobs, dials = experiment.make_net().knobs(), experiment.data_set().dials()
    return {
        LEARNING_RATE.name: LEARNING_RATE,
        **{name: EXPERIMENT_NUMBERS[name] for name in NUMBERS},
        **{f"{NET}{knob.name}": dataclasses.replace(knob, name=f"{NET}{knob.name}") for knob in net_knobs},
        **{f"{DIAL}{dial.name}": dataclasses.replace(dial, name=f"{DIAL}{dial.name}") for dial in dials},
    }


def _names_by_panel(experiment: Experiment, values: Values) -> list[list[str]]:
    """Return for each panel the names in the grid that concern it, in their order."""
    common = _common_knobs(experiment).keys()
    known = [common | {knob.name for knob in panel.make().knobs()} for panel in experiment.panels]
    return [[name for name in values if name in own] for own in known]


def _pop_prefix(prefix: str, values: dict[str, Any]) -> dict[str, Any]:
    """Remove the values whose name begins with a prefix, and return them without it."""
    names = [name for name in values if name.startswith(prefix)]
    return {name.removeprefix(prefix): values.pop(name) for name in names}
