"""The shapes of a frame (losses/shape.py, docs/recording.md) as lines through points."""

import math

import numpy as np
from numpy.typing import NDArray

from losses.shape import across

Floats = NDArray[np.float64]

#: Points on a full turn.
_TURN = 128


def paths(row: NDArray[np.float32], dim: int, reach: float, size: float) -> list[Floats]:
    """Return the lines ``(n, D)`` of an encoded shape.

    Endless lines end at length ``reach``. Curves on the unit sphere are drawn on the sphere of radius ``size``.
    """
    kind, numbers = int(row[0]), row[4:].astype(np.float64)
    first, second = numbers[:dim], numbers[dim : 2 * dim]
    found: list[Floats] = []
    match kind:
        case 0:
            found = [np.stack([first, second])]
        case 1:
            found = [np.stack([first, first + reach * second])]
        case 2:
            found = [first + numbers[dim] * ring for ring in _rings(dim)]
        case 3:
            stop = numbers[4] + (2 * np.pi if numbers[4] < numbers[3] else 0)
            found = [first + numbers[2] * _arc(numbers[3], stop)]
        case 4:
            height, radius = math.cos(numbers[3]), math.sin(numbers[3])
            u, v = across(first)
            found = [size * _small_circle(first, height, radius * u, radius * v, 2 * np.pi)]
        case 5:
            height = float(first @ second)
            start = second - height * first
            found = [size * _small_circle(first, height, start, np.cross(first, start), numbers[6])]
        case 6:
            found = [size * _conic(first, second, numbers[6], numbers[7])]
        case 7:
            found = [first + second * ring for ring in _rings(dim)]
    return found


def sphere(radius: float) -> list[Floats]:
    """Return meridians and parallels of a sphere about the origin."""
    ring = radius * _arc(0, 2 * np.pi)
    turns, lifts = np.pi * np.arange(6) / 6, np.pi * np.arange(-2, 3) / 6
    meridians = [np.stack([*(ring[:, 0] * [[np.cos(turn)], [np.sin(turn)]]), ring[:, 1]], axis=1) for turn in turns]
    height = np.full((len(ring), 1), radius)
    return meridians + [np.hstack([np.cos(lift) * ring, np.sin(lift) * height]) for lift in lifts]


def _count(turn: float) -> int:
    return max(9, math.ceil(_TURN * abs(turn) / (2 * np.pi)) + 1)


def _arc(start: float, stop: float) -> Floats:
    """Return points ``(n, 2)`` of the unit circle."""
    angle = np.linspace(start, stop, _count(stop - start))
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _rings(dim: int) -> list[Floats]:
    """Return the unit circle in the plane, or in space the three unit circles about the axes."""
    ring = _arc(0, 2 * np.pi)
    if dim == 2:
        return [ring]
    return [np.roll(np.column_stack([ring, np.zeros(len(ring))]), shift, axis=1) for shift in range(3)]


def _small_circle(axis: Floats, height: float, first: Floats, second: Floats, turn: float) -> Floats:
    angle = np.linspace(0, turn, _count(turn))[:, None]
    circle: Floats = height * axis + np.cos(angle) * first + np.sin(angle) * second
    return circle


def _conic(lift: Floats, pull: Floats, start: float, stop: float) -> Floats:
    """Return the curve ``cot(theta) = |lift| + |pull| cos(phi)``, theta from ``lift`` and phi from ``pull``."""
    level, sway = np.linalg.norm(lift), np.linalg.norm(pull)
    axis, first = lift / level, pull / sway
    phi = np.linspace(start, stop, _count(stop - start))[:, None]
    lean = level + sway * np.cos(phi)
    curve = lean * axis + np.cos(phi) * first + np.sin(phi) * np.cross(axis, first)
    on_sphere: Floats = curve / np.linalg.norm(curve, axis=1, keepdims=True)
    return on_sphere
