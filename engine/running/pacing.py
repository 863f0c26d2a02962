"""When a run's next frame is due, after how many steps, and how many samples it looks at."""

import math
import time
from typing import final

from engine.state.data import CORE

#: Frames a second, where nobody asks for another pace: what the eye needs.
FRAMES_PER_SECOND = 30.0

#: Share of the time that frames may take of a core that training needs as well, and of one that it does not: the
#: server, whose it is, needs little of it.
SHARE, BESIDE = 0.2, 0.8

#: Seconds between two frames that steps are left out for, rather than samples; the stage moves points in between.
FLOWING = 0.1

#: Samples that a frame looks at even where they cost more than their share; frames then come less often.
LEAST = 2 * CORE

#: Seconds that the first frame may take: nobody knows yet what a step costs, and somebody waits for it.
FIRST = 0.25


@final
class Pace:
    """The pace that was asked for, and what can be kept of it, from what steps and frames were measured to cost.

    A period is as many steps as are asked for between two frames. Frames are made while training goes on, and take a
    ``share`` of the time: where they take longer, they look at fewer samples (``samples`` are all there are) as long
    as ten a second are not reached, and the frames of some periods are left out.
    """

    def __init__(self, steps_per_frame: int, samples: int, sample_cost: float, share: float = SHARE) -> None:
        self.fps = FRAMES_PER_SECOND
        self.steps_per_frame = steps_per_frame
        self.due = 0.0
        self.looks = self._within(samples, samples, sample_cost * samples, FIRST)
        self._samples = samples
        self._share = share
        self._steps = self._periods = 0  # steps of this period; periods since the last frame
        self._every = self._next = 1  # periods between frames as they are planned, and before the next one
        self._step_cost = self._frame_cost = 0.0

    @property
    def left(self) -> int:
        """How many steps are left of the period."""
        return max(1, self.steps_per_frame - self._steps)

    @property
    def wanted(self) -> bool:
        """Whether a frame is to follow this period."""
        return self._periods + 1 >= self._next

    def stepped(self, steps: int, seconds: float) -> bool:
        """Note steps that were taken; return whether that ends the period."""
        self._steps += steps
        self._step_cost = _smooth(self._step_cost, seconds / steps)
        return self._steps >= self.steps_per_frame

    def ended(self, *, framed: bool) -> None:
        """Let the next period begin when this one's time is over."""
        self._steps = 0
        self._periods = 0 if framed else self._periods + 1
        if framed:
            self._next = self._every
        self.due = max(self.due + 1 / self.fps, time.monotonic())

    def made(self, seconds: float) -> None:
        """Note how long a frame took to be made, and plan the next ones."""
        self._frame_cost = _smooth(self._frame_cost, seconds)
        before, period = self.looks, max(1 / self.fps, self._step_cost * self.steps_per_frame)
        room = self._share * period
        self.looks = self._within(before, self._samples, self._frame_cost, room * max(1, int(FLOWING / period)))
        self._frame_cost *= self.looks / before
        self._every = self._next = max(1, math.ceil(self._frame_cost / room - 0.1))

    def ask(self, frames_per_second: float, steps_per_frame: int) -> None:
        """Change how fast frames come and how many steps lie between them."""
        self.fps, self.steps_per_frame = frames_per_second, steps_per_frame
        self.due = 0.0
        self.hasten()

    def hasten(self) -> None:
        """Leave no frame out before the next one: somebody moved a knob and waits."""
        self._next = 1

    @staticmethod
    def _within(looked: int, samples: int, cost: float, room: float) -> int:
        """Return how many samples fit into the room, where so many cost so much; at least a few."""
        fit = samples if cost <= 0 else int(looked * max(0.0, room) / cost)
        return min(samples, max(min(LEAST, samples), fit))


def _smooth(old: float, new: float) -> float:
    """Follow a cost slowly, so that one hiccup does not change the pace."""
    return new if old == 0 else 0.8 * old + 0.2 * new
