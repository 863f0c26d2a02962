"""The events that training itself causes: another way of computing steps, and panels that diverge. Each once."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, final

from engine.recording.file_format import Event, message_to_json
from spec import Message

#: An event's kind and body (docs/recording.md).
KindAndBody = tuple[str, Mapping[str, Any]]


@final
class RunEvents:
    """Remembers which events a recording has: its ``events`` so far and its ``stopped`` panels."""

    def __init__(self, stopped: Iterable[int] = (), events: Iterable[Event] = ()) -> None:
        self._stage, self._stopped = "exact", set(stopped)
        for event in events:
            if event.kind == "stage":
                self._stage = event.body["stage"]

    def stage_events(self, stage: str, precision: str) -> Iterator[KindAndBody]:
        """Yield an event where the steps from here on are computed in another way (``Trainer.stage``)."""
        if stage != self._stage:
            self._stage = stage
            yield "stage", {"stage": stage, "precision": precision}

    def divergence_events(self, stopped: Mapping[int, Message]) -> Iterator[KindAndBody]:
        """Yield an event for each panel that has stopped since the last call (``Trainer.stopped``)."""
        for panel, reason in stopped.items():
            if panel not in self._stopped:
                self._stopped.add(panel)
                yield "diverged", {"panel": panel, "reason": message_to_json(reason)}
