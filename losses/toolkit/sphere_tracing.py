"""Margins on the unit sphere that no closed kind of curve fits, traced by arcs of circles through points on them."""

from collections.abc import Callable
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from losses.shape import Array, Role, Shape, SphereArc
from losses.toolkit.plane_boundaries import TIE, Index

#: Steps of the search for a curve: of the angle to the class vector (a degree each), and along the curve.
STEPS, PLACES = 180, 96

#: Arcs are halved until they are this close to the curve at their quarters, or until there are as many as ``MOST``.
#: Between the quarters they are up to three times as far away: a tenth of a pixel on a screen.
CLOSE, MOST = 5e-5, 64


def margins(weight: Array, target: Callable[[Array], Array]) -> tuple[Shape, ...]:
    """Return where the label's changed score ties with the largest of the others, for class vectors ``(C, 3)``.

    The scores are ``w_j . x``; that of the label becomes ``|w| target(theta)``, which must be continuous. The ends
    of the arcs and a point between lie on the curve, the rest very close to it; a piece shorter than a hundredth of
    its curve may be missing.
    """
    length = np.linalg.norm(weight, axis=1)
    pairs = np.array(list(permutations(np.flatnonzero(length > 0), 2)), dtype=np.intp).reshape(-1, 2)
    vectors = weight / np.where(length > 0, length, 1)[:, None]
    cosine = (vectors[pairs[:, 0]] * vectors[pairs[:, 1]]).sum(axis=1)
    pairs, cosine = pairs[np.abs(cosine) < 1 - TIE], cosine[np.abs(cosine) < 1 - TIE]
    owner, rival = pairs.T
    sine, ratio = np.sqrt(1 - cosine**2), length[owner] / length[rival]
    towards = (vectors[rival] - cosine[:, None] * vectors[owner]) / sine[:, None]
    aside = np.cross(vectors[owner], towards)

    def swing(row: Index, theta: Array) -> Array:
        """Return the cosine of the turn about the owner at which the two tie; above one they never do."""
        across = np.maximum(np.sin(theta) * sine[row], TIE**2)
        turn_cosine: Array = (ratio[row] * target(theta) - np.cos(theta) * cosine[row]) / across
        return turn_cosine

    def tie_exists(row: Index, theta: Array) -> NDArray[np.bool_]:
        return np.abs(swing(row, theta)) <= 1

    row, theta = np.meshgrid(np.arange(len(pairs)), np.linspace(0, np.pi, STEPS + 1), indexing="ij")
    curve, first, last = _spans(tie_exists, row, theta)

    def point(k: Index, s: Array) -> Array:
        """Return the point at ``s``, which goes once round the closed curve k: out on one side, back on the other."""
        row, theta = curve[k], (first[k] + last[k] - (last[k] - first[k]) * np.cos(s)) / 2
        east = np.clip(swing(row, theta), -1, 1)
        north = np.sign(np.sin(s)) * np.sqrt(1 - east**2)
        sideways = east[..., None] * towards[row] + north[..., None] * aside[row]
        place: Array = np.cos(theta)[..., None] * vectors[owner[row]] + np.sin(theta)[..., None] * sideways
        return place

    def rival_leads(k: Index, s: Array) -> NDArray[np.bool_]:
        """Return whether no third class has a larger score than the rival."""
        scores = point(k, s) @ weight.T
        np.put_along_axis(scores, owner[curve[k]][..., None], -np.inf, axis=-1)
        own = np.take_along_axis(scores, rival[curve[k]][..., None], axis=-1)[..., 0]
        first_: NDArray[np.bool_] = own >= scores.max(axis=-1) - TIE * length.max()
        return first_

    number, places = np.meshgrid(np.arange(len(curve)), np.linspace(0, 2 * np.pi, PLACES + 1), indexing="ij")
    shapes: list[Shape] = []
    for k, start, stop in zip(*_spans(rival_leads, number, places), strict=True):
        count, close = int(np.ceil((stop - start) / (np.pi / 6))), False
        while not close:
            steps = np.linspace(start, stop, 4 * count + 1)
            arcs, far = _arcs(point(np.full(len(steps), k), steps), pairs[curve[k]])
            close, count = far < CLOSE or count > MOST, 2 * count
        shapes += arcs
    return tuple(shapes)


def _spans(holds: Callable[[Index, Array], NDArray[np.bool_]], row: Index, at: Array) -> tuple[Index, Array, Array]:
    """Return where a condition holds along the rows of a grid ``at``: rows, starts and stops, by bisection."""
    inside = np.pad(holds(row, at), ((0, 0), (1, 1)))
    at = np.pad(at, ((0, 0), (1, 1)), mode="edge")
    edge, step = np.nonzero(inside[:, 1:] != inside[:, :-1])
    out, into = at[edge, step], at[edge, step + 1]
    out, into = np.where(inside[edge, step], into, out), np.where(inside[edge, step], out, into)
    for _ in range(52):  # as many as float64 has bits
        middle = (out + into) / 2
        inside = holds(edge, middle)
        out, into = np.where(inside, out, middle), np.where(inside, middle, into)
    long = into[1::2] - into[::2] > TIE
    return edge[::2][long], into[::2][long], into[1::2][long]


def _arcs(points: Array, pair: Index) -> tuple[list[Shape], float]:
    """Return the arcs of circles through every other point ``(4 A + 1, 3)``, and how far the rest are from them.

    An arc begins where the one before it ends.
    """
    start, middle, stop = points[:-4:4], points[2::4], points[4::4]
    axis = np.cross(middle - start, stop - middle)
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    height = (axis * start).sum(axis=1, keepdims=True) * axis
    begin, end = start - height, stop - height
    turn = np.remainder(np.arctan2((axis * np.cross(begin, end)).sum(axis=1), (begin * end).sum(axis=1)), 2 * np.pi)
    radius = np.linalg.norm(begin, axis=1)
    away = [np.abs((axis * (between - start)).sum(axis=1) / radius).max() for between in (points[1::4], points[3::4])]
    owner, rival = int(pair[0]), int(pair[1])
    return [
        SphereArc(role=Role.MARGIN, owner=owner, rival=rival, axis=axis[k], start=start[k], turn=float(turn[k]))
        for k in range(len(axis))
    ], float(max(away))
