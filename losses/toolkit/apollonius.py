"""Where a squared distance to one centre, multiplied by a margin, ties with that to the nearest other (Apollonius)."""

import math

import numpy as np

from losses.shape import Arc, Array, Role, Shape
from losses.toolkit.turns import open_turns

#: Below this margin the discs are so large that they look like the boundaries.
FAINT = 1e-3


def margins(centers: Array, margin: float) -> tuple[Shape, ...]:
    """Return the arcs around ``(1 + margin) |z - c|^2 <= |z - c_k|^2`` for all other k, for centres ``(C, 2)``.

    Against one other centre at distance a this is the disc of radius ``sqrt(1 + margin) / margin * a`` about
    ``c + (c - c_k) / margin``; against several, it is the intersection of their discs.
    """
    if margin < FAINT:
        return ()
    return tuple(arc for owner in range(len(centers)) for arc in _around(centers, owner, margin))


def _around(centers: Array, owner: int, margin: float) -> list[Shape]:
    rivals = np.delete(np.arange(len(centers)), owner)
    apart = centers[owner] - centers[rivals]
    middle = centers[owner] + apart / margin
    radius = math.sqrt(1 + margin) / margin * np.linalg.norm(apart, axis=1)
    if not (radius > 0).all():
        return []  # where two centres coincide neither can win
    # the point at angle t of circle k lies in disc j where level + sway cos(t - lean) is positive
    between = middle[None, :] - middle[:, None]
    level = radius**2 - radius[:, None] ** 2 - (between**2).sum(axis=2)
    sway, lean = 2 * radius[:, None] * np.linalg.norm(between, axis=2), np.arctan2(between[..., 1], between[..., 0])
    size = radius.max() ** 2
    return [
        Arc(
            role=Role.MARGIN,
            owner=owner,
            rival=int(rivals[k]),
            center=middle[k],
            radius=float(radius[k]),
            start=float(start),
            stop=float(stop),
        )
        for k, start, stop in zip(*open_turns(level / size, sway / size, lean), strict=True)
    ]
