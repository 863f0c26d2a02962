"""When a run's next frame is due, after how many steps, and how many samples it looks at."""

import math
import time
from typing import final

#: Frames a second, where nobody asks for another pace: what the eye needs.
FRAMES_PER_SECOND = 30.0

#: Share of the time that frames may take where the pace cannot be kept.
SHARE = 0.2

#: Seconds between two frames that steps are left out for, rather than samples; the stage moves points in between.
FLOWING = 0.1

#: Samples that a frame looks at even where they cost more than their share; frames then come less often.
LEAST = 500

#: Seconds that the first frame may take: nobody knows yet what a step costs, and somebody waits for it.
FIRST = 0.25


@final
class Pace:
    """The pace that was asked for, and what can be kept of it, from what steps and frames were measured to cost.

    Where frames come late, some are left out, so that training goes on as fast as was asked for; ten a second are to
    remain, for which they look at fewer samples (``samples`` are all there are). Where steps alone take longer than
    that, frames take a fifth of the time: by fewer samples first, then by fewer frames.
    """

    def __init__(self, steps_per_frame: int, samples: int, sample_cost: float) -> None:
        self.fps = FRAMES_PER_SECOND
        self.steps_per_frame = steps_per_frame
        self.due = 0.0
        self.looks = self._within(samples, samples, sample_cost * samples, FIRST)
        self._samples = samples
        self._since = 0
        self._next = steps_per_frame
        self._step_cost = self._frame_cost = 0.0

    @property
    def left(self) -> int:
        """How many steps are left before the next frame."""
        return max(1, self._next - self._since)

    def stepped(self, steps: int, seconds: float) -> bool:
        """Note steps that were taken; return whether a frame follows."""
        self._since += steps
        self._step_cost = _smooth(self._step_cost, seconds / steps)
        return self._since >= self._next

    def framed(self, seconds: float) -> None:
        """Note a frame that was made, and plan the next one."""
        self._frame_cost = _smooth(self._frame_cost, seconds)
        self._since = 0
        now = time.monotonic()
        self._plan(late=self.due + 1 / self.fps < now)
        self.due = max(self.due + 1 / self.fps, now)

    def ask(self, frames_per_second: float, steps_per_frame: int) -> None:
        """Change how fast frames come and how many steps lie between them."""
        self.fps, self.steps_per_frame, self._next = frames_per_second, steps_per_frame, steps_per_frame
        self.due = 0.0

    def hasten(self) -> None:
        """Leave no frame out before the next one: somebody moved a knob and waits."""
        self._next = -(-max(1, self._since) // self.steps_per_frame) * self.steps_per_frame

    def _plan(self, *, late: bool) -> None:
        between, before = self._step_cost * self.steps_per_frame, self.looks
        spare = 1 / self.fps - between  # of a frame's time, after its steps
        room = spare * max(1.0, FLOWING * self.fps)
        fit = before * room / self._frame_cost if self._frame_cost > 0 else math.inf
        frames = 1
        if fit >= min(LEAST, self._samples):  # the steps can be kept that were asked for
            self.looks = self._within(before, self._samples, self._frame_cost, room)
            if late:
                frames = max(1, math.ceil(self._frame_cost * self.looks / before / spare))
        elif between > 0:
            frames = max(1, round(min(self._frame_cost / SHARE, FLOWING) * (1 - SHARE) / between))
            self.looks = self._within(before, self._samples, self._frame_cost, self._room(frames * between))
            cost = self._frame_cost * self.looks / before
            frames = max(frames, math.ceil(cost * (1 - SHARE) / SHARE / between - 0.1))
        self._frame_cost *= self.looks / before
        self._next = self.steps_per_frame * frames

    @staticmethod
    def _room(steps: float) -> float:
        """Return the seconds that a frame may take after steps that take so long."""
        return steps * SHARE / (1 - SHARE)

    @staticmethod
    def _within(looked: int, samples: int, cost: float, room: float) -> int:
        """Return how many samples fit into the room, where so many cost so much; at least a few."""
        fit = samples if cost <= 0 else int(looked * max(0.0, room) / cost)
        return min(samples, max(min(LEAST, samples), fit))


def _smooth(old: float, new: float) -> float:
    """Follow a cost slowly, so that one hiccup does not change the pace."""
    return new if old == 0 else 0.8 * old + 0.2 * new
