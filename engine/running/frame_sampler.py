"""The frames of a run that nobody watches: all of them whole, or as many as their share of the time allows."""

import math
import time
from typing import TYPE_CHECKING, Literal, final, get_args

from engine.frames import build
from engine.frames.codec import encode
from engine.frames.frame import Frame
from engine.frames.retrieval_metrics import FULL_EVERY
from engine.running.pacing import Pace

if TYPE_CHECKING:
    from engine.training.trainer import Trainer

#: All frames, so that the same experiment makes the same file, or those that take at most a fifth of the time.
Frames = Literal["all", "adapted"]
FRAMES: tuple[Frames, ...] = get_args(Frames)


@final
class Filming:
    """Makes frames between steps; adapted ones look at fewer samples where they cost much, and some are left out.

    The first and the last one are always there, and whole.
    """

    def __init__(self, trainer: "Trainer", every: int, *, adapted: bool) -> None:
        self._every = every
        self._pace: Pace | None = None
        self._plain = 0  # frames since the last one with all metrics
        if adapted:
            self._pace = Pace(every, len(trainer.data.look_y), sample_cost=0.0)
            self._pace.fps = math.inf  # nobody waits for them

    def due(self, trainer: "Trainer") -> bool:
        """Tell whether the experiment has a frame after this step."""
        return trainer.finished or trainer.step % self._every == 0

    def frame(self, trainer: "Trainer") -> tuple[Frame, bytes] | None:
        """Return the frame after this step and what is recorded of it, or ``None`` where it is left out."""
        pace, whole = self._pace, trainer.finished or trainer.step == 0
        if pace is not None and not whole and not pace.wanted:
            pace.ended(framed=False)
            return None
        began = time.perf_counter()
        looks = None if pace is None or whole else pace.looks
        inputs = trainer.frame_inputs(looks, full=pace is not None and self._plain >= FULL_EVERY)
        frame = build.take(inputs)
        body = encode(frame)
        self._plain = 0 if inputs.full else self._plain + 1
        if pace is not None:
            if not whole:
                pace.made(time.perf_counter() - began)
            pace.ended(framed=True)
        return frame, body

    def advance(self, trainer: "Trainer", most: int) -> None:
        """Take one to ``most`` steps, at most up to the next frame."""
        began, step = time.perf_counter(), trainer.step
        trainer.advance(min(most, self._every - step % self._every))
        if self._pace is not None:
            self._pace.stepped(trainer.step - step, time.perf_counter() - began)
