"""The base of all data sets: a frozen value with dials that loads into arrays."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from spec import Knob, Message, Refusal, knobs_of
from toy_data.samples import Samples


@dataclass(frozen=True, kw_only=True)
class DataSet(ABC):
    """A data set as a hashable value; ``slug`` is its name everywhere. Raises ``Refusal`` for a dial out of range."""

    slug: ClassVar[str]

    def __post_init__(self) -> None:
        for knob in knobs_of(self):
            object.__setattr__(self, knob.name, knob.check(getattr(self, knob.name)))

    @classmethod
    def dials(cls) -> tuple[Knob, ...]:
        """Return the dials in the order of their sliders."""
        return knobs_of(cls)

    @classmethod
    def trouble(cls) -> Message | None:
        """Return why the data set cannot be loaded here and what to do, or ``None`` where it can."""
        try:
            cls().load()
        except Refusal as refusal:
            return refusal.message
        return None

    @abstractmethod
    def read(self) -> Samples:
        """Read all samples, before any thinning and noise; raise ``Refusal`` where files are missing or damaged."""

    @abstractmethod
    def load(self) -> Samples:
        """Load what the dials keep, the same arrays for the same dials; raise ``Refusal`` where that is impossible."""
