"""Where a point of the plane or of space lies in a picture: the cameras of app/stage/state/camera.js."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Where the camera stands in space, in radians.
AZIMUTH, ELEVATION = 0.7, 0.42

#: The vertical field of view in radians: little distortion at the rim, still a sense of depth.
FIELD = 0.62

#: Half the height of what is seen, from a distance of one.
_HALF = math.tan(FIELD / 2)

#: The share of the way to the eye within which nothing is seen.
_NEAR = 0.02


#: A view is so much larger than what must be seen.
ROOM = 1.08

#: Steps on the way to the best middle of a view in space.
_STEPS = 400


@dataclass(frozen=True, eq=False)
class View:
    """What is looked at ``(D,)``, and how far the picture reaches from there: half the side of a square."""

    center: Floats
    radius: float


@dataclass(frozen=True, eq=False)
class Placed:
    """Points in a picture: ``at`` ``(N, 2)`` pixels from its lower left; NaN where they lie behind the eye.

    ``near`` ``(N,)`` is how much larger a thing looks there than in the middle of the view: 1 all over the plane.
    """

    at: Floats
    near: Floats


@dataclass(frozen=True, eq=False)
class Lens:
    """A view of the plane, or of space from ``azimuth`` and ``elevation``, in ``width`` by ``height`` pixels."""

    view: View
    width: int
    height: int
    azimuth: float = AZIMUTH

    @property
    def dim(self) -> int:
        """Of the plane (2) or of space (3)."""
        return len(self.view.center)

    @property
    def unit(self) -> float:
        """How long a pixel is in the middle of the view."""
        return 2 * self.view.radius / min(self.width, self.height)

    def place(self, points: NDArray[np.floating]) -> Placed:
        """Return where points ``(N, D)`` lie."""
        away = points.astype(np.float64) - self.view.center
        right, up, eye = axes(self.dim, self.azimuth)
        flat = np.stack([away @ right, away @ up], axis=1)
        middle = np.array([self.width, self.height]) / 2
        if self.dim == 2:
            return Placed(middle + flat / self.unit, np.ones(len(flat)))
        distance = self.view.radius / _HALF
        depth = distance - away @ eye
        near = distance / np.where(depth > _NEAR * distance, depth, np.nan)
        return Placed(middle + near[:, None] * flat / self.unit, near)

    def pixels(self) -> NDArray[np.float32]:
        """Return the middle of each pixel in the plane ``(H, W, 2)``, the upper row first."""
        x = self.view.center[0] + (np.arange(self.width) + 0.5 - self.width / 2) * self.unit
        y = self.view.center[1] + (self.height / 2 - np.arange(self.height) - 0.5) * self.unit
        return np.stack(np.meshgrid(x, y), axis=2).astype(np.float32)


def axes(dim: int, azimuth: float) -> tuple[Floats, Floats, Floats]:
    """Return the directions ``(D,)`` that lead to the right, upwards, and (in space) to the eye."""
    if dim == 2:
        return np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.zeros(2)
    ce, se, ca, sa = math.cos(ELEVATION), math.sin(ELEVATION), math.cos(azimuth), math.sin(azimuth)
    return np.array([-sa, ca, 0.0]), np.array([-se * ca, -se * sa, ce]), np.array([ce * ca, ce * sa, se])


def edges(dim: int, azimuth: float) -> Floats:
    """Return the directions ``(4, D)`` towards the four edges of a picture.

    A point is seen where it goes no further from the middle, along each of them, than the radius of the view.
    """
    right, up, eye = axes(dim, azimuth)
    return np.array([side * across + _HALF * eye for across in (right, up) for side in (1, -1)])


def fitted(towards: Floats, reach: Floats) -> View:
    """Return the smallest view of what reaches so far ``(E,)`` along the directions ``(E, D)`` to the edges."""
    known = np.isfinite(reach)
    towards, reach = towards[known], reach[known]
    center = np.zeros(towards.shape[1])
    if not len(reach):
        return View(center, 1.0)
    if len(center) == 2:
        # the edges of the plane are the same in all frames
        center = np.array([(reach[edge == 1].max() + -reach[edge == -1].max()) / 2 for edge in towards.T])
    else:
        # a step towards what lies furthest out, ever shorter
        for step in range(1, _STEPS):
            out = reach - towards @ center
            furthest = int(np.argmax(out))
            center += out[furthest] * towards[furthest] / (step + 1)
    return View(center, max(ROOM * float((reach - towards @ center).max()), 1e-6))
