"""Decision boundaries and margins on the unit sphere, for losses in space whose scores grow with length alone.

The scores are ``w_j . x`` for class vectors ``(C, 3)``, with or without length one. A curve on the unit sphere
stands for all rays from the origin through it.
"""

from itertools import combinations, permutations

import numpy as np

from losses.shape import Array, Role, Shape, SphereArc, SphereConic, across
from losses.toolkit.plane_boundaries import TIE
from losses.toolkit.turns import open_turns


def boundaries(weight: Array) -> tuple[Shape, ...]:
    """Return where the two largest of the scores tie: arcs of great circles."""
    return _sections(Role.BOUNDARY, weight, 0.0)


def lead_margins(weight: Array, lead: float) -> tuple[Shape, ...]:
    """Return where the score of a class is ``lead`` above the largest of the others: arcs of circles (CosFace)."""
    return _sections(Role.MARGIN, weight, lead)


def _sections(role: Role, weight: Array, lead: float) -> tuple[Shape, ...]:
    """Return where the sphere meets the planes ``(w_i - w_j) . x = lead`` and j is the best of the others."""
    size = np.linalg.norm(weight, axis=1).max(initial=0)
    choose = combinations if role is Role.BOUNDARY else permutations
    pairs = np.array(list(choose(range(len(weight)), 2)), dtype=np.intp).reshape(-1, 2)
    weight, lead = weight / (size or 1.0), lead / (size or 1.0)
    normal = weight[pairs[:, 0]] - weight[pairs[:, 1]]
    length = np.linalg.norm(normal, axis=1)
    cuts = length > max(lead, TIE)
    pairs, length = pairs[cuts], length[cuts, None]
    axis = normal[cuts] / length
    first, second = across(axis)
    foot, radius = lead / length * axis, np.sqrt(1 - (lead / length) ** 2)
    # at turn t the rival leads class k by level + east cos(t) + north sin(t)
    ahead = weight[pairs[:, 1], None] - weight
    level = (ahead * foot[:, None]).sum(axis=2)
    east, north = (radius * (ahead * towards[:, None]).sum(axis=2) for towards in (first, second))
    rows = np.arange(len(pairs))
    for part in (level, east, north):
        part[rows, pairs[:, 0]] = 0  # the owner is not one of the others
    arcs = open_turns(level, np.hypot(east, north), np.arctan2(north, east))
    return tuple(
        SphereArc(
            role=role,
            owner=int(pairs[k, 0]),
            rival=int(pairs[k, 1]),
            axis=axis[k],
            start=foot[k] + radius[k] * (np.cos(start) * first[k] + np.sin(start) * second[k]),
            turn=float(stop - start),
        )
        for k, start, stop in zip(*arcs, strict=True)
    )


def angle_margins(weight: Array, margin: float, *, acute: bool = False) -> tuple[Shape, ...]:
    """Return where the angle to a class vector is ``margin`` below the smallest of the others (ArcFace).

    With two class vectors omega apart this is the branch of a spherical hyperbola, in polar form about the owner
    ``cot(theta) = (sin(margin) + sin(omega) cos(phi)) / (cos(margin) - cos(omega))``; it exists where the margin is
    below omega. ``acute`` leaves out angles theta above a right angle. Without a margin there are no curves.
    """
    length = np.linalg.norm(weight, axis=1, keepdims=True)
    if margin < TIE or (length == 0).any():
        return ()
    vectors = weight / length
    return tuple(shape for owner in range(len(vectors)) for shape in _conics(vectors, owner, margin, acute))


def _conics(vectors: Array, owner: int, margin: float, acute: bool) -> list[Shape]:
    own, rivals = vectors[owner], np.delete(np.arange(len(vectors)), owner)
    cosine = vectors[rivals] @ own
    room = np.cos(margin) - cosine
    if (room < TIE).any():
        return []  # a rival is nearer than the margin even at the class vector
    first, second = across(own)
    pull = (vectors[rivals] - cosine[:, None] * own) / room[:, None]
    pull[np.linalg.norm(pull, axis=1) < TIE] = TIE * first  # opposite class vectors: a circle, which may begin anywhere
    level, east, north = np.sin(margin) / room, pull @ first, pull @ second
    # the smaller cotangent is the outer curve: an angle is allowed where it lies within all of them
    parts = [each[:, None] - each for each in (level, east, north)]
    if acute:
        parts = [np.append(part, each[:, None], axis=1) for part, each in zip(parts, (level, east, north), strict=True)]
    size = np.abs(level).max() + np.linalg.norm(pull, axis=1).max()
    lead, sway = parts[0] / size, np.hypot(parts[1], parts[2]) / size
    shapes: list[Shape] = []
    for k, start, stop in zip(*open_turns(lead, sway, np.arctan2(parts[2], parts[1])), strict=True):
        begin = float(np.remainder(start - np.arctan2(north[k], east[k]) + np.pi, 2 * np.pi) - np.pi)
        shapes.append(
            SphereConic(
                role=Role.MARGIN,
                owner=owner,
                rival=int(rivals[k]),
                lift=level[k] * own,
                pull=pull[k],
                start=begin,
                stop=begin + float(stop - start),
            )
        )
    return shapes
