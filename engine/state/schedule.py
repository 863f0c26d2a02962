"""The learning rate of each step: warm-up, cosine, and a restart after each edit, so that its effect shows."""

import math

WARM_UP = 20  # steps, and the other numbers: the recipe that trained every loss on digits in the plane
FLOOR = 0.01  # of the learning rate, where a cosine ends
RESTART = 0.3  # of the learning rate, where a restart begins
SETTLE = 330  # steps for an edit to take effect


def settle(steps: int) -> int:
    """Return how many steps a run of so many steps goes on after an edit, at least."""
    return min(SETTLE, steps)


def factor(step: int, steps: int, edited: int | None) -> float:
    """Return the factor of the learning rate in a step (counted from 0).

    ``edited`` is the step of the last edit, or ``None``: only the last counts, so that a slider being dragged
    moves its restart along.
    """
    base = min(1.0, (step + 1) / WARM_UP) * _cosine(1.0, step / steps)
    return base if edited is None else max(base, _cosine(RESTART, (step - edited) / settle(steps)))


def _cosine(top: float, done: float) -> float:
    """Fall from ``top`` to the floor along half a cosine, and stay there."""
    return FLOOR + (top - FLOOR) * (1 + math.cos(math.pi * min(done, 1.0))) / 2
