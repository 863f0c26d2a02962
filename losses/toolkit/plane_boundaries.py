"""Decision boundaries and margins in the plane as rays and segments."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from losses.shape import Array, Ray, Role, Segment, Shape

Index = NDArray[np.intp]

#: Scores that differ by less than this, relative to their size, tie: far above rounding in float64, too small to see.
TIE = 1e-9

#: Steps of the search for ties round the circle: half a degree each, then bisection.
STEPS = 720


def linear_boundaries(weight: Array, bias: Array) -> tuple[Shape, ...]:
    """Return where the two largest of the scores ``w_j . z + b_j`` tie, for ``weight`` ``(C, 2)``, ``bias`` ``(C,)``.

    On the line where classes i and j tie, every other class cuts off a half line; the rest is the boundary.
    """
    first, second = np.triu_indices(len(weight), 1)
    normal = weight[first] - weight[second]
    length = np.linalg.norm(normal, axis=1)
    distinct = length > TIE * np.abs(weight).max(initial=0)
    first, second, normal, length = first[distinct], second[distinct], normal[distinct], length[distinct]
    foot = ((bias[second] - bias[first]) / length**2)[:, None] * normal
    along = np.stack([-normal[:, 1], normal[:, 0]], axis=1) / length[:, None]
    # at foot + t * along, the tied two lead class k by lead + t * gain: (P, C)
    scores, turns = foot @ weight.T + bias, along @ weight.T
    rows = np.arange(len(first))
    lead, gain = scores[rows, first, None] - scores, turns[rows, first, None] - turns
    gain[rows, first] = gain[rows, second] = lead[rows, first] = lead[rows, second] = 0
    level = np.abs(gain) <= TIE * length[:, None]
    crossing = -lead / np.where(level, 1, gain)
    low = np.where(~level & (gain > 0), crossing, -np.inf).max(axis=1)
    high = np.where(~level & (gain < 0), crossing, np.inf).min(axis=1)
    behind = (level & (lead < -TIE * np.abs(scores).max(axis=1, keepdims=True, initial=0))).any(axis=1)
    shapes: list[Shape] = []
    for k in np.flatnonzero(~behind & (high - low > TIE * np.abs(foot).max(axis=1, initial=TIE))):
        shapes += _part(foot[k], along[k], (low[k], high[k]), (int(first[k]), int(second[k])))
    return tuple(shapes)


def _part(foot: Array, along: Array, span: tuple[float, float], pair: tuple[int, int]) -> list[Shape]:
    """Return a part of the line ``foot + t * along``; a line without ends is two rays."""
    (low, high), (owner, rival), role = span, pair, Role.BOUNDARY
    if np.isfinite(low) and np.isfinite(high):
        return [Segment(role=role, owner=owner, rival=rival, start=foot + low * along, end=foot + high * along)]
    ends = [(low, 1), (high, -1)] if np.isfinite(low) or np.isfinite(high) else [(0.0, 1), (0.0, -1)]
    return [
        Ray(role=role, owner=owner, rival=rival, origin=foot + t * along, direction=sign * along)
        for t, sign in ends
        if np.isfinite(t)
    ]


def cosine_boundaries(weight: Array) -> tuple[Shape, ...]:
    """Return the bisectors of neighbouring class vectors ``(C, 2)``, where the two largest cosines tie."""
    owner, rival, gap = _neighbours(weight)
    once = gap > 0
    return _tie_rays(Role.BOUNDARY, weight, (owner[once], rival[once]), gap[once] / 2, np.cos)


def cosine_margins(
    weight: Array, target: Callable[[Array], Array], split: Callable[[Array], Array]
) -> tuple[Shape, ...]:
    """Return the rays on which the label's changed cosine ties with the largest of the others.

    ``target`` maps the angle to the label's class vector to the changed cosine; ``split`` maps the gap between
    neighbouring class vectors to the angle from the label's at which ``target`` meets the neighbour's cosine
    (NaN where it never does). Rays where a third class leads are left out.
    """
    owner, rival, gap = _neighbours(weight)
    return _tie_rays(Role.MARGIN, weight, (owner, rival), np.sign(gap) * split(np.abs(gap)), target)


def _neighbours(weight: Array) -> tuple[Index, Index, Array]:
    """Return each pair of angular neighbours from both sides: owner, rival, signed gap from owner to rival."""
    pointing = np.flatnonzero(np.linalg.norm(weight, axis=1) > 0)
    angle = np.arctan2(weight[pointing, 1], weight[pointing, 0])
    order = np.argsort(angle, kind="stable")
    first = pointing[order]
    second = np.roll(first, -1)
    gap = np.diff(angle[order], append=angle[order[:1]] + 2 * np.pi)
    apart = (gap > TIE) & (gap < 2 * np.pi - TIE)  # a full turn is a class vector and itself
    first, second, gap = first[apart], second[apart], gap[apart]
    sides = np.stack([first, second], axis=1).ravel(), np.stack([second, first], axis=1).ravel()
    return *sides, np.stack([gap, -gap], axis=1).ravel()


def _tie_rays(
    role: Role, weight: Array, pairs: tuple[Index, Index], turn: Array, target: Callable[[Array], Array]
) -> tuple[Shape, ...]:
    """Return the rays at ``turn`` from the owners' class vectors where the owner's target ties with the best rival."""
    owner, rival = pairs
    length = np.linalg.norm(weight, axis=1, keepdims=True)
    prototype = weight / np.where(length > 0, length, 1)
    angle = np.arctan2(weight[owner, 1], weight[owner, 0]) + turn
    direction = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    others = direction @ prototype.T
    others[np.arange(len(owner)), owner] = -np.inf
    theta = np.abs(np.remainder(turn + np.pi, 2 * np.pi) - np.pi)
    ties = np.abs(target(theta) - others.max(axis=1)) < TIE  # false for NaN
    return tuple(
        Ray(role=role, owner=int(owner[k]), rival=int(rival[k]), origin=np.zeros(2), direction=direction[k])
        for k in np.flatnonzero(ties)
    )


def scan_rays(
    owners: Index, leads: Callable[[Index, Array], tuple[NDArray[np.bool_], Index, Array]]
) -> tuple[Shape, ...]:
    """Return the rays on which a class begins or stops to lead, once round the circle from its class vector.

    ``leads`` takes owners and turns from their class vectors, and returns whether the owner leads there, the best
    rival, and the direction.
    """
    owner, turn = np.meshgrid(owners, np.linspace(-np.pi, np.pi, STEPS + 1), indexing="ij")
    before = leads(owner, turn)[0]
    row, step = np.nonzero(before[:, 1:] != before[:, :-1])
    owner, rises, low, high = owner[row, step], before[row, step + 1], turn[row, step], turn[row, step + 1]
    for _ in range(52):  # as many as float64 has bits
        middle = (low + high) / 2
        inside = leads(owner, middle)[0] == rises
        low, high = np.where(inside, low, middle), np.where(inside, middle, high)
    _, rival, direction = leads(owner, high)
    return tuple(
        Ray(role=Role.MARGIN, owner=int(owner[k]), rival=int(rival[k]), origin=np.zeros(2), direction=direction[k])
        for k in range(len(owner))
    )


def exponent_rays(weight: Array, own: Callable[[Array], Array], other: Callable[[Array], Array]) -> tuple[Shape, ...]:
    """Return the rays on which ``own`` of the label's cosine ties with the largest ``other`` of the other cosines."""
    length, heading = np.linalg.norm(weight, axis=1), np.arctan2(weight[:, 1], weight[:, 0])
    prototype = weight / np.where(length > 0, length, 1)[:, None]

    def leads(owner: Index, turn: Array) -> tuple[NDArray[np.bool_], Index, Array]:
        direction = np.stack([np.cos(heading[owner] + turn), np.sin(heading[owner] + turn)], axis=-1)
        others = other(direction @ prototype.T)
        np.put_along_axis(others, owner[..., None], -np.inf, axis=-1)
        return own(np.cos(turn)) - others.max(axis=-1) > TIE, others.argmax(axis=-1), direction

    return scan_rays(np.flatnonzero(length > 0), leads)
