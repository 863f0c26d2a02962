"""Which frames a training has that nobody watches: all of them, or as many as a fifth of the time allows."""

import math
import time
from typing import Literal, final, get_args

from engine.frames import build
from engine.frames.codec import encode
from engine.frames.frame import Frame
from engine.frames.retrieval_metrics import FULL_EVERY
from engine.running.pacing import Pace
from engine.training.trainer import Trainer

#: ``all`` frames, so that the same experiment makes the same file, or ``adapted`` to what they cost.
FrameMode = Literal["all", "adapted"]
FRAME_MODES: tuple[FrameMode, ...] = get_args(FrameMode)


@final
class FrameSampler:
    """Makes frames between steps, ``every`` so many steps.

    ``adapted``: where frames cost much, they look at fewer samples and some are left out, but for the first and the
    last frame.
    """

    def __init__(self, trainer: Trainer, every: int, *, adapted: bool) -> None:
        self._every = every
        self._pace: Pace | None = None
        self._since_full = 0  # frames since the last one with all metrics
        if adapted:
            self._pace = Pace(every, len(trainer.data.look_y), sample_cost=0.0)
            self._pace.fps = math.inf  # nobody waits for them

    def has_frame(self, trainer: Trainer) -> bool:
        """Tell whether the experiment has a frame after this step."""
        return trainer.finished or trainer.step % self._every == 0

    def make_frame(self, trainer: Trainer) -> tuple[Frame, bytes] | None:
        """Return the frame after this step and its bytes, or ``None`` where it is left out."""
        pace, whole = self._pace, trainer.finished or trainer.step == 0
        if pace is not None and not whole and not pace.frame_due:
            pace.end_period(with_frame=False)
            return None
        began = time.perf_counter()
        looks = None if pace is None or whole else pace.looks
        inputs = trainer.frame_inputs(looks, full=pace is not None and self._since_full >= FULL_EVERY)
        frame = build.take(inputs)
        body = encode(frame)
        self._since_full = 0 if inputs.full else self._since_full + 1
        if pace is not None:
            if not whole:
                pace.count_frame(time.perf_counter() - began)
            pace.end_period(with_frame=True)
        return frame, body

    def advance(self, trainer: Trainer, most: int) -> None:
        """Take one to ``most`` steps, but none beyond the next frame."""
        began, step = time.perf_counter(), trainer.step
        trainer.advance(min(most, self._every - step % self._every))
        if self._pace is not None:
            self._pace.count_steps(trainer.step - step, time.perf_counter() - began)
