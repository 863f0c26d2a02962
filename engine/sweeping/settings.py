"""One point of a sweep's grid: a setting, and a setting under a seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from engine.config.experiment import Experiment, Panel
from spec.knobs import Value


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
