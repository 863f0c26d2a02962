"""When a run's next frame is due, after how many steps, and how many samples it looks at."""

import math
import time
from typing import final

from engine.state.data import CORE

#: Frames a second unless the viewer sets another pace: enough for the eye.
FRAMES_PER_SECOND = 30.0

#: Share of the time that frames may take of a core: of one that training uses too, and of one that it leaves free. The
#: free core belongs to the server, which needs little of it.
TRAINING_CORE_SHARE, FREE_CORE_SHARE = 0.2, 0.8

#: Seconds between two frames up to which frames are left out rather than samples. The stage interpolates in between.
FLOW_SECONDS = 0.1

#: Samples that a frame looks at even where they cost more than its share; frames then come less often.
MIN_LOOKS = 2 * CORE

#: Seconds that the first frame may take. Its viewer waits for it, and what a step costs is not known yet.
FIRST_FRAME_SECONDS = 0.25


@final
class Pace:
    """The pace that the viewer sets, and how much of it the measured costs of steps and frames allow.

    A period is the ``steps_per_frame`` steps between two frames. Frames are made while training goes on, and take
    ``share`` of the time. Where they take longer, some periods have no frame, down to ten frames a second. Where that
    is not enough, frames look at fewer of the ``samples``, and at last still fewer periods have a frame.
    """

    def __init__(
        self, steps_per_frame: int, samples: int, sample_cost: float, share: float = TRAINING_CORE_SHARE
    ) -> None:
        self.fps = FRAMES_PER_SECOND
        self.steps_per_frame = steps_per_frame
        self.due = 0.0
        self.looks = self._affordable(samples, samples, sample_cost * samples, FIRST_FRAME_SECONDS)
        self._samples = samples
        self._share = share
        self._steps = 0  # of this period
        self._periods = 0  # since the last frame
        self._every = self._next = 1  # periods between two frames as planned, and until the next frame
        self._step_cost = self._frame_cost = 0.0  # seconds

    @property
    def steps_left(self) -> int:
        """How many steps are left of the period."""
        return max(1, self.steps_per_frame - self._steps)

    @property
    def frame_due(self) -> bool:
        """Whether a frame follows this period."""
        return self._periods + 1 >= self._next

    def count_steps(self, steps: int, seconds: float) -> bool:
        """Count steps that took so many seconds; return whether the period is over."""
        self._steps += steps
        self._step_cost = _smooth(self._step_cost, seconds / steps)
        return self._steps >= self.steps_per_frame

    def end_period(self, *, with_frame: bool) -> None:
        """Begin the next period once this one has taken its time."""
        self._steps = 0
        self._periods = 0 if with_frame else self._periods + 1
        if with_frame:
            self._next = self._every
        self.due = max(self.due + 1 / self.fps, time.monotonic())

    def count_frame(self, seconds: float) -> None:
        """Count a frame that took so many seconds, and plan the next ones."""
        self._frame_cost = _smooth(self._frame_cost, seconds)
        before, period = self.looks, max(1 / self.fps, self._step_cost * self.steps_per_frame)
        budget = self._share * period
        flow = budget * max(1, int(FLOW_SECONDS / period))
        self.looks = self._affordable(before, self._samples, self._frame_cost, flow)
        self._frame_cost *= self.looks / before
        self._every = self._next = max(1, math.ceil(self._frame_cost / budget - 0.1))

    def set(self, frames_per_second: float, steps_per_frame: int) -> None:
        """Change how often frames come and how many steps lie between two of them."""
        self.fps, self.steps_per_frame = frames_per_second, steps_per_frame
        self.due = 0.0
        self.hasten_frame()

    def hasten_frame(self) -> None:
        """Let a frame follow this period: somebody moved a knob and waits to see it."""
        self._next = 1

    @staticmethod
    def _affordable(looks: int, samples: int, cost: float, budget: float) -> int:
        """Return how many samples a budget of seconds pays for, where ``looks`` of them cost ``cost``."""
        count = samples if cost <= 0 else int(looks * max(0.0, budget) / cost)
        return min(samples, max(min(MIN_LOOKS, samples), count))


def _smooth(old: float, new: float) -> float:
    """Return a moving average, so that one slow step does not change the pace."""
    return new if old == 0 else 0.8 * old + 0.2 * new
