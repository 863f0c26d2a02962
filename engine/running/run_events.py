"""What a recording tells of a run beside its frames: each thing once."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, final

from engine.recording.reader import Event, to_json
from engine.training.trainer import Trainer
from spec import Message

#: An event's kind and body (docs/recording.md).
Happening = tuple[str, Mapping[str, Any]]


@final
class RunEvents:
    """How steps are computed, and which panels have stopped, as far as it was told: in ``events``, for the former."""

    def __init__(self, stopped: Iterable[int] = (), events: Iterable[Event] = ()) -> None:
        self._stage, self._stopped = "exact", set(stopped)
        for event in events:
            if event.kind == "stage":
                self._stage = event.body["stage"]

    def stage(self, trainer: Trainer) -> Iterator[Happening]:
        """Yield how steps are computed from here on, where that has changed."""
        if trainer.stage != self._stage:
            self._stage = trainer.stage
            yield "stage", {"stage": trainer.stage, "precision": trainer.precision}

    def diverged(self, stopped: Mapping[int, Message]) -> Iterator[Happening]:
        """Yield the panels that have stopped since."""
        for panel, reason in stopped.items():
            if panel not in self._stopped:
                self._stopped.add(panel)
                yield "diverged", {"panel": panel, "reason": to_json(reason)}
